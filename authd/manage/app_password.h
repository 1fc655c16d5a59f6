/* The calls that make and rotate app passwords: authd chooses the secret, the database stores a
 * verifier, and the secret is displayed once.
 *
 * Threats: a secret that remains readable after it was displayed (the secret is in no argument, and
 * an answer repeated for an Idempotency-Key has none). A verifier that fits another row or another
 * user (the verifier covers the row's id and owner, which are asked for first; the functions of
 * schema/ check rights and reach again, in the transaction of the change). */
#ifndef MANAGE_APP_PASSWORD_H
#define MANAGE_APP_PASSWORD_H

#include "manage/call.h"

struct app_password_call;

/* `request` is a management request without the members that these calls add; a sending scope is a
 * document in its arguments. `done` is called once, never from inside these calls, and not after
 * app_password_cancel(). The result's object has the app password's text as "secret", in groups,
 * except in a dry run, in an answer repeated for an Idempotency-Key, and for an imported app
 * password. */

/* Makes an app password. With the argument "hash" (a stored hash) the app password is an imported
 * one: authd does not know its secret. */
struct app_password_call *app_password_add(struct core *core, const struct manage_request *request,
                                           result_done_f *done, void *arg);
struct app_password_call *app_password_rotate(struct core *core,
                                              const struct manage_request *request,
                                              result_done_f *done, void *arg);
void app_password_cancel(struct app_password_call *call);

#endif
