/* The calls that manage users: what the HTTP API does, without HTTP. A call makes names canonical,
 * checks and hashes a password on a worker, then runs one SQL function of schema/, which makes the
 * change and checks the caller's reach. */
#ifndef MANAGE_CALL_H
#define MANAGE_CALL_H

#include <jansson.h>

#include "base/span.h"
#include "store/statements.h"

struct core;
struct manage_call;

enum result_status {
    RESULT_OK,
    RESULT_INVALID,   /* a value breaks a rule: `detail` says which */
    RESULT_NOT_FOUND, /* does not exist, or is out of the caller's reach */
    RESULT_CONFLICT,  /* exists already, or has changed meanwhile */
    RESULT_FORBIDDEN,
    /* The caller's own second factor can be changed only after a fresh sign-in with that factor. */
    RESULT_NEEDS_FACTOR,
    /* The caller's credential has ended, or the caller's rights have changed. */
    RESULT_UNAUTHORIZED,
    RESULT_STALE,       /* the object has changed since the caller read it */
    RESULT_UNAVAILABLE, /* the database or the hash lane cannot serve now: try again */
};

struct result { /* valid during the callback only */
    enum result_status status;
    const char *detail; /* a sentence; set unless RESULT_OK */
    const char *hint;   /* may be NULL */
    const char *cause;  /* for the log, never for the client; may be NULL */
    json_t *object;     /* the answer of the SQL function; set with RESULT_OK */
};

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

typedef void result_done_f(const struct result *result, void *arg);

/* Starts a call. `done` is called once, never from inside manage_call_start(), and not after
 * manage_call_cancel(). A cancelled change may still be made by the database. */
struct manage_call *manage_call_start(struct core *core, const struct manage_request *request,
                                      result_done_f *done, void *arg);
void manage_call_cancel(struct manage_call *call);

/* Asks the database whether calls can be served now, and ends within two seconds. RESULT_OK has no
 * object here. */
struct manage_call *manage_call_ready(struct core *core, result_done_f *done, void *arg);

/* Reads a number that the database wrote as a JSON number or as a text. 0: there is no such
 * member. */
int64_t result_number(const json_t *object, const char *name);

#endif
