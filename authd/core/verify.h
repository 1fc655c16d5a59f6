/* Checks one password against one stored hash: at once when the scheme says it is cheap, on the
 * hash lane otherwise. */
#ifndef CORE_VERIFY_H
#define CORE_VERIFY_H

#include <stdint.h>

#include <authd/plugin.h>

#include "base/span.h"

struct core;
struct verify;

/* Checks dearer than this many microseconds would hold up the loop. */
#define VERIFY_INLINE_WORK 100

enum verify_result {
    VERIFY_NO = 0,
    VERIFY_YES,
    VERIFY_FAILED,     /* the scheme could not tell */
    VERIFY_EXPIRED,    /* its turn did not come before the deadline */
    VERIFY_QUEUE_FULL, /* the hash lane has no room */
};

struct verify_order {
    const struct authd_scheme *scheme;
    const char *stored;
    struct span secret;
    uint64_t work;    /* as the scheme's `cost` says */
    int64_t deadline; /* clock_ms() */
    uint64_t source;  /* with whom it shares the lane: loop/workers.h */
};

typedef void verify_done_f(enum verify_result result, void *arg);

/* Copies the order. NULL: it was decided at once, `result` is set and `done` will not be called.
 * Otherwise `done` is called later, once, unless cancelled. */
struct verify *verify_start(struct core *core, const struct verify_order *order,
                            enum verify_result *result, verify_done_f *done, void *arg);
void verify_cancel(struct verify *verify);

#endif
