/* Parsing and checking of stored argon2 hashes, shared by the plugins argon2id and dovecot. */
#ifndef PLUGINS_ARGON2_HASH_H
#define PLUGINS_ARGON2_HASH_H

#include <authd/plugin.h>

struct argon2_hash {
    uint32_t memory_kib; /* argon2's m */
    uint32_t passes;     /* argon2's t */
    uint32_t lanes;      /* argon2's p */
    size_t salt_len;     /* octets */
    size_t hash_len;     /* octets */
};

/* `prefix` is "$argon2id$" or "$argon2i$". False: `stored` is not exactly such a hash. */
bool argon2_hash_parse(const char *stored, const char *prefix, struct argon2_hash *hash);
void argon2_hash_cost(const struct argon2_hash *hash, struct authd_cost *cost);
/* Checks a hash that argon2_hash_parse() has accepted. AUTHD_MATCH_ERROR: out of memory. */
enum authd_match argon2_hash_verify(const char *stored, struct authd_bytes password);

#endif
