/* Recovery codes: ten codes for a user who has lost the phone. Each works once, and only over HTTP.
 * The database has a verifier of each code, which cannot be checked without the pepper. */
#ifndef CREDENTIAL_RECOVERY_CODE_H
#define CREDENTIAL_RECOVERY_CODE_H

#include "credential/factor_code.h"
#include "crypto/key.h"

enum {
    RECOVERY_CODES = 10,
};

/* A set of codes, canonical and NUL-terminated. The owner wipes the struct. */
struct recovery_codes {
    char codes[RECOVERY_CODES][FACTOR_CODE_RECOVERY_LENGTH + 1];
};

void recovery_codes_make(struct recovery_codes *out);

/* Writes the code at `index` for display: "xxxx-xxxx-xxxx-xxxx". */
void recovery_code_printable(const struct recovery_codes *codes, size_t index,
                             char out[static FACTOR_CODE_PRINTABLE_SIZE]);

/* Writes the verifier of a code in hex. `code` is canonical: see credential/factor_code.h. */
void recovery_code_verifier(const struct key *key, int64_t account, struct span code,
                            char out[static KEYED_HASH_HEX_SIZE]);

#endif
