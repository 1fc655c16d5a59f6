#include "crypto/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/secret.h"

static const struct {
    const char *word;
    const EVP_MD *(*digest)(void);
} algorithms[] = {
    [TOTP_SHA1] = {"SHA1", EVP_sha1},
    [TOTP_SHA256] = {"SHA256", EVP_sha256},
    [TOTP_SHA512] = {"SHA512", EVP_sha512},
};

bool totp_algorithm_of(const char *word, enum totp_algorithm *out)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (strcmp(word, algorithms[i].word) == 0) {
            *out = (enum totp_algorithm)i;
            return true;
        }
    }
    return false;
}

const char *totp_algorithm_word(enum totp_algorithm algorithm)
{
    return algorithms[algorithm].word;
}

/* RFC 4226, section 5.3: takes four octets at the offset that the last octet names, less the
 * highest bit. */
static uint32_t truncate_hash(const uint8_t *hash, unsigned length)
{
    const uint8_t *at = hash + (hash[length - 1] & 15);

    return (uint32_t)(at[0] & 127) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void totp_code(const struct totp *totp, int64_t step, char out[static TOTP_CODE_SIZE])
{
    static const uint32_t powers[] = {1000000, 10000000, 100000000};
    uint8_t counter[8];
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    if (totp->digits < TOTP_DIGITS_MIN || totp->digits > TOTP_DIGITS_MAX) {
        abort();
    }
    for (size_t i = 0; i < sizeof(counter); i++) {
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    }
    if (HMAC(algorithms[totp->algorithm].digest(), totp->seed.ptr, (int)totp->seed.len, counter,
             sizeof(counter), hash, &length) == NULL) {
        abort(); /* out of memory */
    }
    snprintf(out, TOTP_CODE_SIZE, "%0*u", (int)totp->digits,
             (unsigned)(truncate_hash(hash, length) % powers[totp->digits - TOTP_DIGITS_MIN]));
    secret_wipe(hash, sizeof(hash));
}

int64_t totp_match(const struct totp *totp, struct span digits, int64_t now, bool ahead)
{
    int64_t present = now / TOTP_PERIOD;
    int64_t found = -1;

    for (int64_t step = present - 1; step <= present + 1; step++) {
        char code[TOTP_CODE_SIZE];

        totp_code(totp, step, code);

        bool equal = secret_equal(digits, (struct span){code, totp->digits});

        if (equal && step >= 0 && (ahead || step <= present)) {
            found = step;
        }
        secret_wipe(code, sizeof(code));
    }
    return found;
}
