/* The calls that enrol a second factor: authd chooses the seed, the phone scans it, and a code made
 * from the seed confirms the factor. Also the calls that make recovery codes, and tickets that
 * permit enrolment.
 *
 * Threats: a seed that a stolen database gives away (the seed is encrypted for its row, whose id is
 * asked for first). A secret that remains readable after it was displayed (each secret is displayed
 * once; an answer repeated for an Idempotency-Key has none; secrets are in no argument and no log).
 * A dry run that tells whether a guessed code is right (a dry run checks no code). A code that
 * confirms and then also signs in (the step of the confirming code is used up). */
#ifndef MANAGE_TOTP_ENROLMENT_H
#define MANAGE_TOTP_ENROLMENT_H

#include "manage/call.h"

struct enrolment_call;

/* `request` is a management request without the members that these calls add. `done` is called
 * once, never from inside these calls, and not after totp_enrolment_cancel(). The result's object
 * has the secrets below, except in a dry run and in an answer repeated for an Idempotency-Key. */

/* Begins an enrolment. The argument "ticket" is optional, as the user typed it. The object gets
 * "secret" (base32), "uri" and "qr": see credential/otpauth_uri.h. */
struct enrolment_call *totp_enrolment_begin(struct core *core, const struct manage_request *request,
                                            result_done_f *done, void *arg);
/* Confirms an enrolment by the argument "code", as the user typed it. RESULT_INVALID: the code is
 * wrong. After a user's first enrolment the object gets "codes": ten recovery codes. */
struct enrolment_call *totp_enrolment_confirm(struct core *core,
                                              const struct manage_request *request,
                                              result_done_f *done, void *arg);
/* Makes ten new recovery codes: "codes". */
struct enrolment_call *totp_enrolment_recovery(struct core *core,
                                               const struct manage_request *request,
                                               result_done_f *done, void *arg);
/* Makes a ticket: "secret". */
struct enrolment_call *totp_enrolment_ticket(struct core *core,
                                             const struct manage_request *request,
                                             result_done_f *done, void *arg);
void totp_enrolment_cancel(struct enrolment_call *call);

#endif
