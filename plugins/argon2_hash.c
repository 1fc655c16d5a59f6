/* argon2 hashes (RFC 9106), as libsodium writes and reads them:
 * $argon2id$v=19$m=M,t=T,p=P$SALT$HASH. The format is exact: each parameter once, in this order,
 * without leading zeros; unpadded base64; 8 to 64 octets of salt, 16 to 64 of hash. Version 1.0 (no
 * v=) is refused.
 *
 * Threat: a stored hash is data, and its parameters say how much memory and time the next login
 * needs. The parameters are bounded before any memory or time is spent. */
#include "argon2_hash.h"

#include <errno.h>
#include <sodium.h>

#include "parse.h"

/* No program hashes passwords with larger values. The limits keep the cost estimates far from
 * overflow. */
#define MEMORY_KIB_MAX (4u << 20)
#define PASSES_MAX     4096u
#define LANES_MAX      255u

/* Reads unpadded, canonical base64 of `min` to 64 octets. */
static bool take_base64(const char **at, size_t min, size_t *len)
{
    unsigned char octets[64];
    const char *end;
    int status = sodium_base642bin(octets, sizeof(octets), *at, strlen(*at), NULL, len, &end,
                                   sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    sodium_memzero(octets, sizeof(octets));
    *at = end;
    return status == 0 && *len >= min;
}

bool argon2_hash_parse(const char *stored, const char *prefix, struct argon2_hash *hash)
{
    const char *at = stored;
    return strnlen(stored, AUTHD_HASH_MAX + 1) <= AUTHD_HASH_MAX && take_literal(&at, prefix) &&
           take_literal(&at, "v=19$m=") && take_number(&at, MEMORY_KIB_MAX, &hash->memory_kib) &&
           take_literal(&at, ",t=") && take_number(&at, PASSES_MAX, &hash->passes) &&
           take_literal(&at, ",p=") && take_number(&at, LANES_MAX, &hash->lanes) &&
           take_literal(&at, "$") && take_base64(&at, 8, &hash->salt_len) &&
           take_literal(&at, "$") && take_base64(&at, 16, &hash->hash_len) && *at == '\0' &&
           hash->memory_kib >= 8 * hash->lanes;
}

void argon2_hash_cost(const struct argon2_hash *hash, struct authd_cost *cost)
{
    cost->bytes = (uint64_t)hash->memory_kib * 1024;
    cost->work =
        (uint64_t)hash->memory_kib * hash->passes / 4; /* measured: 46 MiB, one pass: 12 ms */
}

enum authd_match argon2_hash_verify(const char *stored, struct authd_bytes password)
{
    if (sodium_init() < 0) {
        return AUTHD_MATCH_ERROR;
    }
    const char *text = password.len > 0 ? (const char *)password.ptr : "";
    errno = 0;
    if (crypto_pwhash_str_verify(stored, text, password.len) == 0) {
        return AUTHD_MATCH_YES;
    }
    return errno == EINVAL ? AUTHD_MATCH_NO : AUTHD_MATCH_ERROR;
}
