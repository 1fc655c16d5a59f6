#include "credential/recovery_code.h"

#include "base/secret.h"
#include "crypto/base32.h"

#define KIND   "recovery-code"
#define OCTETS 10

_Static_assert(BASE32_LENGTH(OCTETS) == (int)FACTOR_CODE_RECOVERY_LENGTH, "five bits a letter");
_Static_assert(BASE32_PRINTABLE_LENGTH((int)FACTOR_CODE_RECOVERY_LENGTH) + 1 ==
                   (int)FACTOR_CODE_PRINTABLE_SIZE,
               "groups of four");

void recovery_codes_make(struct recovery_codes *out)
{
    char octets[OCTETS];

    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        secret_random(octets, sizeof(octets));
        base32_encode((struct span){octets, sizeof(octets)}, BASE32_LOWER, out->codes[i]);
    }
    secret_wipe(octets, sizeof(octets));
}

void recovery_code_printable(const struct recovery_codes *codes, size_t index,
                             char out[static FACTOR_CODE_PRINTABLE_SIZE])
{
    base32_printable(span_of(codes->codes[index]), out);
}

void recovery_code_verifier(const struct key *key, int64_t account, struct span code,
                            char out[static KEYED_HASH_HEX_SIZE])
{
    const struct keyed_input input = {KIND, account, account, code};

    keyed_hash_hex(key, &input, out);
}
