/* The calls that manage users: what the HTTP API does, without HTTP. A call makes names canonical,
 * checks and hashes a password on a worker, then runs one SQL function of schema/, which makes the
 * change and checks the caller's reach. */
#ifndef MANAGE_CALL_H
#define MANAGE_CALL_H

#include <jansson.h>

#include "base/span.h"
#include "core/result.h"
#include "store/statements.h"

struct core;
struct manage_call;

/* What a caller asks for. `arguments` are those of the SQL function (documented in schema/) with
 * the right JSON types. The call makes "login", "user" and "address" canonical, and replaces
 * "password" by "password_hash", an encrypted hash, and the account that the hash is for. Digits
 * alone may be a user's id or a login: the function gets both, the login as "user_login", and
 * refuses if they name two users. "me" is the caller. `context` describes the caller and the
 * request, as authd.manage() takes it. */
struct manage_request {
    enum statement statement;
    const json_t *context; /* copied; the caller keeps ownership */
    json_t *arguments;     /* copied; the caller keeps ownership */
    bool dry_run;
    bool canonical; /* all names are already canonical */
};

/* Starts a call. `done` is called once, never from inside manage_call_start(), and not after
 * manage_call_cancel(). A cancelled change may still be made by the database. */
struct manage_call *manage_call_start(struct core *core, const struct manage_request *request,
                                      result_done_f *done, void *arg);
void manage_call_cancel(struct manage_call *call);

/* Asks the database whether calls can be served now, and ends within two seconds. RESULT_OK has no
 * object here. */
struct manage_call *manage_call_ready(struct core *core, result_done_f *done, void *arg);

#endif
