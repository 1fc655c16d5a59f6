/* Recovery codes: ten for who has lost the phone, each good once, over HTTP only. The database
 * keeps a verifier of each, which is worth nothing without the pepper. */
#ifndef CORE_RECOVERY_H
#define CORE_RECOVERY_H

#include "core/code.h"
#include "crypto/keyed.h"

enum {
    RECOVERY_VERIFIER_SIZE = 2 * KEYED_HASH_LENGTH + 1,
    RECOVERY_CODES = 10,
};

/* A set, canonical and NUL-terminated. Wiped by its owner. */
struct recovery_codes {
    char codes[RECOVERY_CODES][CODE_RECOVERY_LENGTH + 1];
};

void recovery_make(struct recovery_codes *out);

/* "xxxx-xxxx-xxxx-xxxx" */
void recovery_show(const struct recovery_codes *codes, size_t index,
                   char out[static CODE_RECOVERY_SHOWN_SIZE]);

/* In hex. `code` is canonical: core/code.h. */
void recovery_verifier(const struct key *key, int64_t account, struct span code,
                       char out[static RECOVERY_VERIFIER_SIZE]);

#endif
