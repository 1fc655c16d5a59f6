/* Checks one password against one stored hash: at once where the scheme says that the hash is
 * cheap, and on the hash lane otherwise. */
#ifndef CREDENTIAL_PASSWORD_VERIFY_H
#define CREDENTIAL_PASSWORD_VERIFY_H

#include <stdint.h>

#include <authd/plugin.h>

#include "base/span.h"

struct core;
struct password_verify_call;

/* In microseconds. A longer check would hold up the loop. */
#define PASSWORD_VERIFY_INLINE_WORK 100

enum password_verify_result {
    PASSWORD_VERIFY_NO = 0,
    PASSWORD_VERIFY_YES,
    PASSWORD_VERIFY_FAILED,     /* the scheme failed */
    PASSWORD_VERIFY_EXPIRED,    /* the deadline passed before the check began */
    PASSWORD_VERIFY_QUEUE_FULL, /* the hash lane has no room */
};

struct password_verify_order {
    const struct authd_scheme *scheme;
    const char *stored;
    struct span secret;
    uint64_t work;     /* from the scheme's `cost` */
    int64_t deadline;  /* clock_ms(); by then the check must have begun */
    uint64_t fair_key; /* checks with equal keys take turns as one client: loop/workers.h */
};

typedef void password_verify_done_f(enum password_verify_result result, void *arg);

/* Copies the order. NULL: `result` is set at once, and `done` will not be called. Otherwise `done`
 * is called later, once, unless the check is cancelled. */
struct password_verify_call *password_verify_start(struct core *core,
                                                   const struct password_verify_order *order,
                                                   enum password_verify_result *result,
                                                   password_verify_done_f *done, void *arg);
void password_verify_cancel(struct password_verify_call *verify);

#endif
