/* App passwords are made and rotated here: authd chooses the secret, the database keeps a verifier,
 * and the caller is shown the secret once.
 *
 * Threats: a secret that outlives its showing (it is in no argument, and an answer that is given
 * again under its Idempotency-Key has none); a verifier that fits another row or another user (so
 * the row's id and owner are asked for first: schema/'s functions then check rights and reach once
 * more, in the transaction of the change). */
#ifndef CORE_APP_PASSWORD_H
#define CORE_APP_PASSWORD_H

#include "core/account.h"

struct app_password_call;

/* `request` is that of an account call, without what is added here; a sending scope is a document
 * in it. `done` is called once, never from inside this call, unless cancelled. Of the first two its
 * object has "secret", in groups, unless it was a dry run or is given again. */

/* Argument "hash" makes it one whose secret was made elsewhere, which nobody is shown. */
struct app_password_call *app_password_add(struct core *core, const struct account_request *request,
                                           account_done_f *done, void *arg);
struct app_password_call *app_password_rotate(struct core *core,
                                              const struct account_request *request,
                                              account_done_f *done, void *arg);
void app_password_cancel(struct app_password_call *call);

/* The one question of a login about a verifier: was it made of this secret for this row? */
struct app_password_row {
    int64_t id;
    int64_t owner;
    const char *verifier; /* hex */
    const char *key;      /* the pepper's name */
};
enum app_password_match { APP_PASSWORD_NO = 0, APP_PASSWORD_YES, APP_PASSWORD_KEY_MISSING };
enum app_password_match app_password_matches(const struct core *core,
                                             const struct app_password_row *row,
                                             struct span secret);
/* It was, and the login was good: if the pepper is an old one, the row gets another verifier. */
void app_password_rekey(const struct core *core, const struct app_password_row *row,
                        struct span secret);

#endif
