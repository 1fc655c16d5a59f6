/* The management of users: what the HTTP API does, without HTTP. Names are made canonical,
 * passwords are checked and hashed on a worker, then one SQL function of schema/ does the change
 * and checks the caller's reach. */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include <jansson.h>

#include "base/span.h"
#include "store/statements.h"

struct core;
struct account_call;

enum account_status {
    ACCOUNT_OK,
    ACCOUNT_INVALID,   /* a value breaks a rule: `detail` names it */
    ACCOUNT_NOT_FOUND, /* or out of the caller's reach */
    ACCOUNT_CONFLICT,  /* exists already, or changed meanwhile */
    ACCOUNT_FORBIDDEN,
    ACCOUNT_NEEDS_FACTOR, /* of one's own: only by a fresh sign-in with the second factor */
    ACCOUNT_UNAUTHORIZED, /* the caller's credential has ended, or its rights have changed */
    ACCOUNT_STALE,        /* the object is not as the caller saw it */
    ACCOUNT_UNAVAILABLE,  /* cannot tell: database or hash queue; try again */
};

struct account_result { /* valid during the callback */
    enum account_status status;
    const char *detail; /* a sentence, with all but ACCOUNT_OK */
    const char *hint;   /* may be NULL */
    const char *cause;  /* for the log, never for the client; may be NULL */
    json_t *object;     /* with ACCOUNT_OK */
};

/* What is asked. `arguments` are the SQL function's (documented in schema/), already of the right
 * JSON types; "login", "user" and "address" are made canonical here, and "password" is replaced by
 * "password_hash", sealed, with what says for whom. Digits alone may be a user's id or its login:
 * the function gets both, the login as "user_login", and refuses when they are two users. "me" is
 * the caller. `context` says who asks and how: what authd.manage() takes. */
struct account_request {
    enum statement statement;
    const json_t *context; /* borrowed; copied */
    json_t *arguments;     /* borrowed; copied */
    bool dry_run;
    bool canonical; /* the names are already */
};

typedef void account_done_f(const struct account_result *result, void *arg);

/* `done` is called once, never from inside this call, unless cancelled. */
struct account_call *account_start(struct core *core, const struct account_request *request,
                                   account_done_f *done, void *arg);
void account_cancel(struct account_call *call);

/* Whether calls can be served now: asks the database, and ends within two seconds. ACCOUNT_OK has
 * no object here. */
struct account_call *account_ready(struct core *core, account_done_f *done, void *arg);

/* A number that stands in an object of the database as a number or as a text; 0: none does. */
int64_t account_number(const json_t *object, const char *name);

#endif
