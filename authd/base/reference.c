/* Makes a request's reference. Threat: a reference that counts requests would tell a stranger how
 * busy the service is; one derived from the request would tell whether a login exists. So
 * references are random. */
#include "base/reference.h"

#include <stddef.h>

#include "base/secret.h"

#define POOL_REFERENCES 64

void reference_make(char out[static REFERENCE_LENGTH + 1])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    /* One system call fills the pool for many references; each thread has its own pool. A reference
     * is not secret, so the pool is not wiped. */
    static _Thread_local unsigned char pool[POOL_REFERENCES * REFERENCE_LENGTH];
    static _Thread_local size_t left;

    if (left == 0) {
        secret_random(pool, sizeof(pool));
        left = sizeof(pool);
    }
    for (size_t i = 0; i < REFERENCE_LENGTH; i++) {
        out[i] = alphabet[pool[--left] & 31];
    }
    out[REFERENCE_LENGTH] = '\0';
}
