/* Makes the hash of a new password on the hash lane. */
#ifndef CREDENTIAL_PASSWORD_HASH_H
#define CREDENTIAL_PASSWORD_HASH_H

#include <stdint.h>

#include "base/span.h"

struct core;
struct hashing;

enum hashing_result {
    HASHING_FAILED = 0, /* out of memory */
    HASHING_MADE,
    /* The job was not run: the deadline passed, or another job took its place. */
    HASHING_EXPIRED,
};

/* `stored` is the hash with HASHING_MADE, NULL otherwise; valid during the callback only. */
typedef void hashing_done_f(enum hashing_result result, const char *stored, void *arg);

/* Copies the password, which has at most PASSWORD_MAX octets. `deadline` is in clock_ms(). `done`
 * is called once, never from inside this call, and not after hashing_cancel(). NULL: the lane has
 * no room, and `done` is not called. */
struct hashing *hashing_start(struct core *core, struct span password, int64_t deadline,
                              hashing_done_f *done, void *arg);
void hashing_cancel(struct hashing *hashing);

#endif
