/* Password scheme argon2id (RFC 9106), by libsodium: what new passwords are hashed with.
 *
 * Accepts $argon2id$v=19$m=M,t=T,p=P$SALT$HASH exactly so: the parameters once each and in this
 * order, without leading zeros; unpadded base64; 8 to 64 octets of salt, 16 to 64 of hash. More
 * than one lane verifies (libsodium computes them one after the other) but counts as weaker, since
 * it makes hashes with one. argon2i, argon2d and version 1.0 (no v=) are not this scheme.
 *
 * Threat: a stored hash is data, and its parameters say how much memory and time the next login
 * spends. `cost` bounds them before anything is spent.
 */
#include <authd/plugin.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "hash_memory.h"
#include "parse.h"

/* Beyond these nobody hashes a password; they keep the estimates far from overflow. */
#define MEMORY_KIB_MAX (4u << 20)
#define PASSES_MAX     4096u
#define LANES_MAX      255u

/* What hashes made here have. */
#define SALT_LEN crypto_pwhash_argon2id_SALTBYTES
#define HASH_LEN 32u

struct argon2id {
    uint32_t memory_kib;
    uint32_t passes;
    uint32_t lanes;
    size_t salt_len;
    size_t hash_len;
};

/* Takes unpadded, canonical base64 of `min` to 64 octets. */
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

static bool parse(const char *stored, struct argon2id *hash)
{
    const char *at = stored;
    return strnlen(stored, AUTHD_HASH_MAX + 1) <= AUTHD_HASH_MAX &&
           take_literal(&at, "$argon2id$v=19$m=") &&
           take_number(&at, MEMORY_KIB_MAX, &hash->memory_kib) && take_literal(&at, ",t=") &&
           take_number(&at, PASSES_MAX, &hash->passes) && take_literal(&at, ",p=") &&
           take_number(&at, LANES_MAX, &hash->lanes) && take_literal(&at, "$") &&
           take_base64(&at, 8, &hash->salt_len) && take_literal(&at, "$") &&
           take_base64(&at, 16, &hash->hash_len) && *at == '\0' &&
           hash->memory_kib >= 8 * hash->lanes;
}

static bool argon2id_cost(const char *stored, struct authd_cost *cost)
{
    struct argon2id hash;
    if (!parse(stored, &hash)) {
        return false;
    }
    cost->bytes = (uint64_t)hash.memory_kib * 1024;
    cost->work = (uint64_t)hash.memory_kib * hash.passes / 4; /* 46 MiB, one pass: 12 ms */
    return true;
}

static enum authd_match argon2id_verify(const char *stored, struct authd_bytes password)
{
    struct argon2id hash;
    if (!parse(stored, &hash) || sodium_init() < 0) {
        return AUTHD_MATCH_ERROR;
    }
    const char *text = password.len > 0 ? (const char *)password.ptr : "";
    errno = 0;
    int status = crypto_pwhash_argon2id_str_verify(stored, text, password.len);
    int error = errno;
    if (hash.lanes > 1) {
        hash_memory_wipe(); /* each lane has first blocks of its own */
    }
    if (status == 0) {
        return AUTHD_MATCH_YES;
    }
    return error == EINVAL ? AUTHD_MATCH_NO : AUTHD_MATCH_ERROR;
}

static bool argon2id_hash(const struct authd_hash_parameters *parameters,
                          struct authd_bytes password, char out[AUTHD_HASH_MAX + 1])
{
    _Static_assert(crypto_pwhash_argon2id_STRBYTES <= AUTHD_HASH_MAX + 1, "a hash fits");
    if (sodium_init() < 0) {
        return false;
    }
    const char *text = password.len > 0 ? (const char *)password.ptr : "";
    return crypto_pwhash_argon2id_str(out, text, password.len, parameters->passes,
                                      (size_t)parameters->memory) == 0;
}

/* Compares each parameter itself: crypto_pwhash_str_needs_rehash ignores lanes, and calls every
 * hash with other parameters weak, stronger ones too. */
static bool argon2id_weaker(const char *stored, const struct authd_hash_parameters *parameters)
{
    struct argon2id hash;
    return !parse(stored, &hash) || hash.memory_kib < parameters->memory / 1024 ||
           hash.passes < parameters->passes || hash.lanes != 1 || hash.salt_len < SALT_LEN ||
           hash.hash_len < HASH_LEN;
}

static const char *const prefixes[] = {"$argon2id$", NULL};

static const struct authd_scheme argon2id = {
    .name = "argon2id",
    .prefixes = prefixes,
    .cost = argon2id_cost,
    .verify = argon2id_verify,
    .hash = argon2id_hash,
    .weaker = argon2id_weaker,
    .idle = hash_memory_release,
};

static const struct authd_scheme *const schemes[] = {&argon2id, NULL};

AUTHD_PLUGIN(argon2id) = {
    .abi = AUTHD_PLUGIN_ABI,
    .size = sizeof(struct authd_plugin),
    .name = "argon2id",
    .schemes = schemes,
};
