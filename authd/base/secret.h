/* The only place where secrets are compared and wiped. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/span.h"

/* In constant time for equal lengths; the length itself is not secret. */
bool secret_equal(struct span a, struct span b);

/* Never optimised away. NULL is fine when `len` is 0. */
void secret_wipe(void *ptr, size_t len);

/* `len` octets from the system's generator. */
void secret_random(void *out, size_t len);

/* No core file of this process, and nobody but root may read its memory. Call once, at start. */
void secret_protect_process(void);

#endif
