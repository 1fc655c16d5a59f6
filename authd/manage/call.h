/* The calls that manage users: what the HTTP API does, without HTTP. A call makes names canonical,
 * checks and hashes a password on a worker, then runs one SQL function of schema/, which makes the
 * change and checks the caller's reach. */
#ifndef MANAGE_CALL_H
#define MANAGE_CALL_H

#include <jansson.h>

#include "base/span.h"
#include "store/statements.h"

struct core;
struct account_call;

enum account_status {
    ACCOUNT_OK,
    ACCOUNT_INVALID,   /* a value breaks a rule: `detail` says which */
    ACCOUNT_NOT_FOUND, /* does not exist, or is out of the caller's reach */
    ACCOUNT_CONFLICT,  /* exists already, or has changed meanwhile */
    ACCOUNT_FORBIDDEN,
    /* The caller's own second factor can be changed only after a fresh sign-in with that factor. */
    ACCOUNT_NEEDS_FACTOR,
    /* The caller's credential has ended, or the caller's rights have changed. */
    ACCOUNT_UNAUTHORIZED,
    ACCOUNT_STALE,       /* the object has changed since the caller read it */
    ACCOUNT_UNAVAILABLE, /* the database or the hash lane cannot serve now: try again */
};

struct account_result { /* valid during the callback only */
    enum account_status status;
    const char *detail; /* a sentence; set unless ACCOUNT_OK */
    const char *hint;   /* may be NULL */
    const char *cause;  /* for the log, never for the client; may be NULL */
    json_t *object;     /* the answer of the SQL function; set with ACCOUNT_OK */
};

/* What a caller asks for. `arguments` are those of the SQL function (documented in schema/) with
 * the right JSON types. The call makes "login", "user" and "address" canonical, and replaces
 * "password" by "password_hash", an encrypted hash, and the account that the hash is for. Digits
 * alone may be a user's id or a login: the function gets both, the login as "user_login", and
 * refuses if they name two users. "me" is the caller. `context` describes the caller and the
 * request, as authd.manage() takes it. */
struct account_request {
    enum statement statement;
    const json_t *context; /* copied; the caller keeps ownership */
    json_t *arguments;     /* copied; the caller keeps ownership */
    bool dry_run;
    bool canonical; /* all names are already canonical */
};

typedef void account_done_f(const struct account_result *result, void *arg);

/* Starts a call. `done` is called once, never from inside account_start(), and not after
 * account_cancel(). A cancelled change may still be made by the database. */
struct account_call *account_start(struct core *core, const struct account_request *request,
                                   account_done_f *done, void *arg);
void account_cancel(struct account_call *call);

/* Asks the database whether calls can be served now, and ends within two seconds. ACCOUNT_OK has no
 * object here. */
struct account_call *account_ready(struct core *core, account_done_f *done, void *arg);

/* Reads a number that the database wrote as a JSON number or as a text. 0: there is no such
 * member. */
int64_t account_number(const json_t *object, const char *name);

#endif
