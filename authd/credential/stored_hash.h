/* Password hashes as the database stores them: each encrypted for its row (crypto/aead.h). Pure.
 *
 * Threat: an attacker who can write to the database chooses a hash: copies one from another user,
 * restores one from an old copy, or writes one in cleartext. None of these can be decrypted, and
 * only a decrypted hash is ever compared with a password. */
#ifndef CREDENTIAL_STORED_HASH_H
#define CREDENTIAL_STORED_HASH_H

#include <authd/plugin.h>

#include "crypto/aead.h"

struct core;

enum stored_hash_result {
    STORED_HASH_BROKEN = 0,  /* not encrypted, or not for this row */
    STORED_HASH_KEY_MISSING, /* the key is in no file of key_dir */
    STORED_HASH_DECRYPTED,
};

/* Main passwords. `cipher_version` is an authd.credential_id() that each new password gets; a
 * stronger hash of the same password keeps the number. `hash` has at most AUTHD_HASH_MAX octets.
 * The caller wipes a decrypted hash. */
void stored_hash_encrypt_password(const struct core *core, int64_t account, int64_t cipher_version,
                                  const char *hash, char out[static AEAD_MAX + 1]);
enum stored_hash_result stored_hash_decrypt_password(const struct core *core, int64_t account,
                                                     int64_t cipher_version, const char *encrypted,
                                                     char out[static AUTHD_HASH_MAX + 1]);

/* Imported app passwords, whose hash never changes. */
void stored_hash_encrypt_app_password(const struct core *core, int64_t id, int64_t owner,
                                      const char *hash, char out[static AEAD_MAX + 1]);
enum stored_hash_result stored_hash_decrypt_app_password(const struct core *core, int64_t id,
                                                         int64_t owner, const char *encrypted,
                                                         char out[static AUTHD_HASH_MAX + 1]);

#endif
