/* Checks one password against one stored hash: at once where the scheme says that the hash is
 * cheap, and on the hash lane otherwise. */
#ifndef CREDENTIAL_PASSWORD_VERIFY_H
#define CREDENTIAL_PASSWORD_VERIFY_H

#include <stdint.h>

#include <authd/plugin.h>

#include "base/span.h"

struct core;
struct verify;

/* In microseconds. A longer check would hold up the loop. */
#define VERIFY_INLINE_WORK 100

enum verify_result {
    VERIFY_NO = 0,
    VERIFY_YES,
    VERIFY_FAILED,     /* the scheme could not tell */
    VERIFY_EXPIRED,    /* the deadline passed before the check began */
    VERIFY_QUEUE_FULL, /* the hash lane has no room */
};

struct verify_order {
    const struct authd_scheme *scheme;
    const char *stored;
    struct span secret;
    uint64_t work;    /* as the scheme's `cost` says */
    int64_t deadline; /* clock_ms(); by then the check must have begun */
    uint64_t source;  /* checks of one source share one turn on the lane: loop/workers.h */
};

typedef void verify_done_f(enum verify_result result, void *arg);

/* Copies the order. NULL: `result` is set at once, and `done` will not be called. Otherwise `done`
 * is called later, once, unless the check is cancelled. */
struct verify *verify_start(struct core *core, const struct verify_order *order,
                            enum verify_result *result, verify_done_f *done, void *arg);
void verify_cancel(struct verify *verify);

#endif
