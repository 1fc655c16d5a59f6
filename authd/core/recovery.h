/* Recovery codes: ten for who has lost the phone, each good once, over HTTP only. The database
 * keeps a verifier of each, which is worth nothing without the pepper. */
#ifndef CORE_RECOVERY_H
#define CORE_RECOVERY_H

#include "crypto/keyed.h"

enum { RECOVERY_VERIFIER_SIZE = 2 * KEYED_HASH_LENGTH + 1 };

/* In hex. `code` is canonical: core/code.h. */
void recovery_verifier(const struct key *key, int64_t account, struct span code,
                       char out[static RECOVERY_VERIFIER_SIZE]);

#endif
