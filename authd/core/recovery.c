#include "core/recovery.h"

#include <sodium.h>

#include "base/secret.h"

#define KIND "recovery-code"

void recovery_verifier(const struct key *key, int64_t account, struct span code,
                       char out[static RECOVERY_VERIFIER_SIZE])
{
    const struct keyed_input input = {KIND, account, account, code};
    uint8_t octets[KEYED_HASH_LENGTH];

    keyed_hash(key, &input, octets);
    sodium_bin2hex(out, RECOVERY_VERIFIER_SIZE, octets, sizeof(octets));
    secret_wipe(octets, sizeof(octets));
}
