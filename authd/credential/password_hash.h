/* Makes the hash of a new password on the hash lane. */
#ifndef CREDENTIAL_PASSWORD_HASH_H
#define CREDENTIAL_PASSWORD_HASH_H

#include <stdint.h>

#include "base/span.h"

struct core;
struct password_hash_call;

enum password_hash_result {
    PASSWORD_HASH_FAILED = 0, /* out of memory */
    PASSWORD_HASH_MADE,
    /* The job was not run: the deadline passed, or another job took its place. */
    PASSWORD_HASH_EXPIRED,
};

/* `stored` is the hash with PASSWORD_HASH_MADE, NULL otherwise; valid during the callback only. */
typedef void password_hash_done_f(enum password_hash_result result, const char *stored, void *arg);

/* Copies the password, which has at most PASSWORD_MAX octets. `deadline` is in clock_ms(). `done`
 * is called once, never from inside this call, and not after password_hash_cancel(). NULL: the lane
 * has no room, and `done` is not called. */
struct password_hash_call *password_hash_start(struct core *core, struct span password,
                                               int64_t deadline, password_hash_done_f *done,
                                               void *arg);
void password_hash_cancel(struct password_hash_call *hashing);

#endif
