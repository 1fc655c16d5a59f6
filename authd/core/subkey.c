#include "core/subkey.h"

#include <sodium.h>

#include "base/secret.h"
#include "core/core.h"
#include "crypto/key.h"

_Static_assert((int)SUBKEY_LENGTH == (int)KEY_LENGTH, "a subkey is a key");

void subkey_make(const struct core *core, const char *purpose, uint8_t out[static SUBKEY_LENGTH])
{
    key_derive(core->keys, purpose, out);
}

void subkey_digest(const struct core *core, const char *purpose, const struct span *parts,
                   size_t count, char out[static SUBKEY_HEX_SIZE])
{
    uint8_t key[SUBKEY_LENGTH];
    uint8_t octets[SUBKEY_LENGTH];
    crypto_generichash_state state;

    subkey_make(core, purpose, key);
    crypto_generichash_init(&state, key, sizeof(key), sizeof(octets));
    for (size_t i = 0; i < count; i++) {
        uint64_t length = parts[i].len;

        crypto_generichash_update(&state, (const uint8_t *)&length, sizeof(length));
        crypto_generichash_update(&state, (const uint8_t *)parts[i].ptr, parts[i].len);
    }
    crypto_generichash_final(&state, octets, sizeof(octets));
    sodium_bin2hex(out, SUBKEY_HEX_SIZE, octets, sizeof(octets));
    secret_wipe(key, sizeof(key));
    secret_wipe(&state, sizeof(state));
}
