/* Stored argon2 hashes, taken apart: shared by the plugins argon2id and dovecot. */
#ifndef PLUGINS_ARGON2_HASH_H
#define PLUGINS_ARGON2_HASH_H

#include <authd/plugin.h>

struct argon2_hash {
    uint32_t memory_kib;
    uint32_t passes;
    uint32_t lanes;
    size_t salt_len;
    size_t hash_len;
};

/* `prefix` is "$argon2id$" or "$argon2i$". False: not such a hash, exactly. */
bool argon2_hash_parse(const char *stored, const char *prefix, struct argon2_hash *hash);
void argon2_hash_cost(const struct argon2_hash *hash, struct authd_cost *cost);
/* Of a hash that argon2_hash_parse() took. */
enum authd_match argon2_hash_verify(const char *stored, struct authd_bytes password);

#endif
