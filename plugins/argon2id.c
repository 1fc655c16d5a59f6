/* Password scheme argon2id (RFC 9106), by libsodium: the scheme of new passwords.
 *
 * Accepts what argon2_hash.c reads. A hash with more than one lane is verified (libsodium computes
 * the lanes one after the other) but counts as weaker, because this scheme makes hashes with one
 * lane. Hashes of argon2i and argon2d belong to other schemes. */
#include <authd/plugin.h>
#include <sodium.h>

#include "argon2_hash.h"
#include "hash_memory.h"

/* Sizes of new hashes. */
#define SALT_LEN crypto_pwhash_argon2id_SALTBYTES
#define HASH_LEN 32u

static bool parse(const char *stored, struct argon2_hash *hash)
{
    return argon2_hash_parse(stored, "$argon2id$", hash);
}

static bool argon2id_cost(const char *stored, struct authd_cost *cost)
{
    struct argon2_hash hash;
    if (!parse(stored, &hash)) {
        return false;
    }
    argon2_hash_cost(&hash, cost);
    return true;
}

static enum authd_match argon2id_verify(const char *stored, struct authd_bytes password)
{
    struct argon2_hash hash;
    if (!parse(stored, &hash)) {
        return AUTHD_MATCH_ERROR;
    }
    enum authd_match match = argon2_hash_verify(stored, password);
    if (hash.lanes > 1) {
        hash_memory_wipe(); /* each lane begins with first blocks of its own */
    }
    return match;
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

/* Compares each parameter. crypto_pwhash_str_needs_rehash() ignores lanes, and calls every hash
 * with other parameters weak, even a stronger one. */
static bool argon2id_weaker(const char *stored, const struct authd_hash_parameters *parameters)
{
    struct argon2_hash hash;
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
