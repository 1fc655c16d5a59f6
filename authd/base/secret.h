/* The only functions that compare, wipe and generate secrets. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/span.h"

/* Compares in constant time when the lengths are equal. The length is not secret. */
bool secret_equal(struct span a, struct span b);

/* The compiler never optimises this away. NULL is allowed when `len` is 0. */
void secret_wipe(void *ptr, size_t len);

/* Writes `len` octets of the system's random generator. */
void secret_random(void *out, size_t len);

/* Forbids core files of this process and lets only root read its memory. Call once, at start,
 * before any thread is created. */
void secret_protect_process(void);

#endif
