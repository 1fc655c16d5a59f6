/* Hashes of crypt(3), checked by libxcrypt: shared by the plugins crypt and dovecot.
 *
 * Accepts what the programs of libxcrypt, Dovecot, OpenSSL and others write: $1$ $5$ $6$ $2a$ $2b$
 * $2y$ $y$ $gy$ $7$. Narrower than libxcrypt where memory could not be bounded otherwise: yescrypt
 * only with the flavour and parameters that crypt_gensalt() writes. Refused are the traditional and
 * extended DES formats, $sha1, $md5, NT, and $2x$.
 *
 * Two limits come from the formats: bcrypt ignores all octets of a password after the 72nd;
 * libxcrypt takes up to 511 octets, and none after a NUL, so a longer password, or one with a NUL,
 * never matches.
 *
 * Threat: a stored hash is data, and its parameters say how much memory and time the next login
 * needs. `cost` parses a hash completely; locked ("!$6$..."), empty and truncated hashes are
 * refused. */
#include "crypt_hash.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

/* ---- alphabets --------------------------------------------------------------------- */

/* The digits of crypt's base64. All formats but bcrypt use this order; bcrypt has an order of its
 * own. */
static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool take_digit(const char **at, uint32_t *value)
{
    const char *digit = **at != '\0' ? strchr(digits, **at) : NULL;
    if (digit == NULL) {
        return false;
    }
    *value = (uint32_t)(digit - digits);
    *at += 1;
    return true;
}

/* Reads a number of 30 bits: five digits, the least significant first. */
static bool take_digits30(const char **at, uint32_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 30; shift += 6) {
        uint32_t digit;
        if (!take_digit(at, &digit)) {
            return false;
        }
        *value |= digit << shift;
    }
    return true;
}

/* Reads all digits that follow. False: there are fewer than `min` or more than `max`. */
static bool take_base64(const char **at, size_t min, size_t max)
{
    size_t len = strspn(*at, digits);
    *at += len;
    return len >= min && len <= max;
}

/* Reads the last part: exactly `len` digits, then the end. */
static bool ends_with_hash(const char *at, size_t len)
{
    return take_base64(&at, len, len) && *at == '\0';
}

/* Salts that people wrote by hand have other characters than digits: this accepts all that crypt(5)
 * allows. */
static bool take_salt(const char **at, size_t max)
{
    const char *c = *at;
    while (*c > ' ' && *c <= '~' && strchr("$:;*!\\", *c) == NULL) {
        c++;
    }
    size_t len = (size_t)(c - *at);
    *at = c;
    return len >= 1 && len <= max;
}

/* ---- formats: `at` is what follows the prefix -------------------------------------- */

/* All times are microseconds on one core of a server of 2023. They are rough bounds. */

static bool cost_md5crypt(const char *at, struct authd_cost *cost)
{
    cost->work = 150;
    return take_salt(&at, 8) && take_literal(&at, "$") && ends_with_hash(at, 22);
}

static bool cost_shacrypt(const char *at, size_t hash_len, struct authd_cost *cost)
{
    uint32_t rounds = 5000;
    if (take_literal(&at, "rounds=") &&
        (!take_number(&at, 999999999, &rounds) || rounds < 1000 || !take_literal(&at, "$"))) {
        return false;
    }
    cost->work = rounds / 4;
    return take_salt(&at, 16) && take_literal(&at, "$") && ends_with_hash(at, hash_len);
}

static bool cost_sha256crypt(const char *at, struct authd_cost *cost)
{
    return cost_shacrypt(at, 43, cost);
}

static bool cost_sha512crypt(const char *at, struct authd_cost *cost)
{
    return cost_shacrypt(at, 86, cost);
}

static bool cost_bcrypt(const char *at, struct authd_cost *cost)
{
    if (at[0] < '0' || at[0] > '3' || at[1] < '0' || at[1] > '9' || at[2] != '$') {
        return false;
    }
    unsigned rounds_log2 = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    cost->work = UINT64_C(60) << rounds_log2;
    cost->counted = 72;
    return rounds_log2 >= 4 && rounds_log2 <= 31 && ends_with_hash(at + 3, 22 + 31);
}

/* No program uses larger parameters. The limits keep the products below 2^63. */
#define SCRYPT_N_LOG2_MAX 32u
#define SCRYPT_RP_MAX     (1u << 20)

static bool cost_scrypt(const char *at, struct authd_cost *cost)
{
    uint32_t n_log2;
    uint32_t r;
    uint32_t p;
    if (!take_digit(&at, &n_log2) || !take_digits30(&at, &r) || !take_digits30(&at, &p)) {
        return false;
    }
    if (n_log2 < 1 || n_log2 > SCRYPT_N_LOG2_MAX || r < 1 || p < 1 ||
        (uint64_t)r * p > SCRYPT_RP_MAX) {
        return false;
    }
    uint64_t n = UINT64_C(1) << n_log2;
    cost->bytes += 128 * (n * r + (uint64_t)r * p + 2 * (uint64_t)r);
    cost->work = n * r * p;
    return take_base64(&at, 1, 86) && take_literal(&at, "$") && ends_with_hash(at, 43);
}

/* After the flavour, which is always 'j', N and r follow, one digit each. A digit means its value
 * plus one and is at most 'j' (47); a larger value would need more digits. */
static bool cost_yescrypt(const char *at, struct authd_cost *cost)
{
    uint32_t n_log2;
    uint32_t r;
    if (!take_literal(&at, "j") || !take_digit(&at, &n_log2) || !take_digit(&at, &r)) {
        return false;
    }
    n_log2 += 1;
    r += 1;
    if (n_log2 > SCRYPT_N_LOG2_MAX || r > 48) {
        return false;
    }
    uint64_t n = UINT64_C(1) << n_log2;
    cost->bytes += 128 * (n * r + 3 * (uint64_t)r) + 3 * 8192;
    cost->work = n * r / 2;
    return take_literal(&at, "$") && take_base64(&at, 1, 86) && take_literal(&at, "$") &&
           ends_with_hash(at, 43);
}

/* X(prefix, function) */
#define FORMATS(X)                                                                                 \
    X("$1$", cost_md5crypt)                                                                        \
    X("$5$", cost_sha256crypt)                                                                     \
    X("$6$", cost_sha512crypt)                                                                     \
    X("$2a$", cost_bcrypt)                                                                         \
    X("$2b$", cost_bcrypt)                                                                         \
    X("$2y$", cost_bcrypt)                                                                         \
    X("$y$", cost_yescrypt)                                                                        \
    X("$gy$", cost_yescrypt)                                                                       \
    X("$7$", cost_scrypt)

const char *const crypt_hash_prefixes[] = {
#define X(prefix, function) prefix,
    FORMATS(X)
#undef X
        NULL};

static const struct format {
    const char *prefix;
    bool (*cost)(const char *at, struct authd_cost *cost);
} formats[] = {
#define X(prefix, function) {prefix, function},
    FORMATS(X)
#undef X
};

/* ---- cost and verify --------------------------------------------------------------- */

bool crypt_hash_cost(const char *stored, struct authd_cost *cost)
{
    if (strnlen(stored, AUTHD_HASH_MAX + 1) > AUTHD_HASH_MAX) {
        return false;
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        const char *at = stored;
        if (take_literal(&at, formats[i].prefix)) {
            cost->bytes = sizeof(struct crypt_data);
            return formats[i].cost(at, cost);
        }
    }
    return false;
}

static enum authd_match compare(const char *made, const char *stored)
{
    if (made == NULL) {
        return AUTHD_MATCH_ERROR; /* no memory, or libxcrypt was built without this format */
    }
    size_t len = strlen(stored);
    if (strlen(made) != len || sodium_memcmp(made, stored, len) != 0) {
        return AUTHD_MATCH_NO;
    }
    return AUTHD_MATCH_YES;
}

enum authd_match crypt_hash_verify(const char *stored, struct authd_bytes password)
{
    struct authd_cost cost;
    if (!crypt_hash_cost(stored, &cost)) {
        return AUTHD_MATCH_ERROR;
    }
    if (password.len == 0 || password.len >= CRYPT_MAX_PASSPHRASE_SIZE ||
        memchr(password.ptr, '\0', password.len) != NULL) {
        return AUTHD_MATCH_NO;
    }
    struct crypt_data *data = calloc(1, sizeof(*data)); /* 32 KiB: too much for a thread's stack */
    if (data == NULL) {
        return AUTHD_MATCH_ERROR;
    }
    memcpy(data->input, password.ptr, password.len); /* calloc() has written the NUL that follows */
    const char *made = crypt_rn(data->input, stored, data, (int)sizeof(*data));
    enum authd_match match = compare(made, stored);
    sodium_memzero(data, sizeof(*data));
    free(data);
    return match;
}
