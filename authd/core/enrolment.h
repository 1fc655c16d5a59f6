/* Second factors are enrolled here: authd chooses the seed, the phone scans it, and a code of it
 * makes it count. Also the secrets beside it: recovery codes, and tickets that permit to enrol.
 *
 * Threats: a seed that a stolen database gives away (it is sealed over the row it will be, whose
 * number is asked for first); a secret that outlives its showing (each is shown once, and an answer
 * that is given again under its Idempotency-Key has none; they are in no argument and no log); a
 * dry run that tells whether a guessed code is right (it looks at none); a code that confirms and
 * then signs in (its step is handed over, and is used up). */
#ifndef CORE_ENROLMENT_H
#define CORE_ENROLMENT_H

#include "core/account.h"

struct enrolment_call;

/* `request` is that of an account call, without what is added here. `done` is called once, never
 * from inside these calls, unless cancelled. What is shown once is in the answer unless it was a
 * dry run or is given again. */

/* Begins. Argument "ticket": as it was typed. The object gets "secret" (base32), "uri" and "qr":
 * see core/otpauth.h. */
struct enrolment_call *enrolment_begin(struct core *core, const struct account_request *request,
                                       account_done_f *done, void *arg);
/* Confirms by argument "code", as it was typed. ACCOUNT_INVALID: it is wrong. After a first
 * enrolment the object gets "codes": ten recovery codes. */
struct enrolment_call *enrolment_confirm(struct core *core, const struct account_request *request,
                                         account_done_f *done, void *arg);
/* Ten new recovery codes: "codes". */
struct enrolment_call *enrolment_recovery(struct core *core, const struct account_request *request,
                                          account_done_f *done, void *arg);
/* A ticket: "secret". */
struct enrolment_call *enrolment_ticket(struct core *core, const struct account_request *request,
                                        account_done_f *done, void *arg);
void enrolment_cancel(struct enrolment_call *call);

#endif
