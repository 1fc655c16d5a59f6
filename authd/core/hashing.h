/* Makes the hash of a new password, on the hash lane. */
#ifndef CORE_HASHING_H
#define CORE_HASHING_H

#include <stdint.h>

#include "base/span.h"

struct core;
struct hashing;

enum hashing_result {
    HASHING_FAILED = 0, /* no memory */
    HASHING_MADE,
    HASHING_EXPIRED, /* its turn did not come before the deadline */
};

/* `stored` is the hash with HASHING_MADE; valid during the callback. */
typedef void hashing_done_f(enum hashing_result result, const char *stored, void *arg);

/* Copies the password, of at most PASSWORD_MAX octets. NULL: the lane has no room. Otherwise `done`
 * is called later, once, unless cancelled. `deadline` is in clock_ms(). */
struct hashing *hashing_start(struct core *core, struct span password, int64_t deadline,
                              hashing_done_f *done, void *arg);
void hashing_cancel(struct hashing *hashing);

#endif
