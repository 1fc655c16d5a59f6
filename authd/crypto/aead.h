/* Encrypted texts: secrets that authd must be able to read, and that must stay secret from an
 * attacker who has only the database. These are TOTP seeds and password hashes; a dump then has no
 * hash to crack. Pure.
 *
 *     $cipher$KKKKKKKK$BASE64
 *
 * K is the id of the encryption key. BASE64 (base64url without padding) has a random nonce (24
 * octets), the text encrypted by XChaCha20-Poly1305, and the tag (16 octets). The associated data
 * are the key's id and the row of the text: a text copied to another row, or an old text of the
 * same row, cannot be decrypted. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "crypto/key.h"

enum {
    AEAD_PREFIX_LENGTH = 8 + KEY_ID_LENGTH + 1, /* "$cipher$6d159902$" */
    AEAD_NONCE_LENGTH = 24,
    AEAD_TAG_LENGTH = 16,
    AEAD_PLAINTEXT_MAX = 511, /* octets of a text to encrypt; equals AUTHD_HASH_MAX */
};

#define AEAD_LENGTH(LEN)                                                                           \
    (AEAD_PREFIX_LENGTH + ((AEAD_NONCE_LENGTH + (LEN) + AEAD_TAG_LENGTH) * 4 + 2) / 3)
#define AEAD_MAX AEAD_LENGTH(AEAD_PLAINTEXT_MAX)

/* The row of an encrypted text. `version` changes each time the same id gets another text. */
struct aead_row {
    const char *kind; /* a constant of at most 32 octets, such as "password" */
    int64_t id;
    int64_t owner; /* id of the account */
    int64_t version;
};

enum aead_result {
    AEAD_BROKEN = 0,  /* not an encrypted text, or altered, or of another row */
    AEAD_KEY_MISSING, /* the set does not have the key of the text */
    AEAD_DECRYPTED,
};

/* Encrypts `text` with the first key of the set. `text` has at most AEAD_PLAINTEXT_MAX octets; a
 * longer text, or an empty set, aborts. */
void aead_encrypt(const struct key_set *keys, const struct aead_row *row, struct span text,
                  char out[static AEAD_MAX + 1]);

/* Decrypts `encrypted`. With AEAD_DECRYPTED, `out` has the text and a NUL, and the caller wipes it;
 * otherwise `out` is already wiped. `length`, which may be NULL, gets the length of the text. */
enum aead_result aead_decrypt(const struct key_set *keys, const struct aead_row *row,
                              struct span encrypted, char out[static AEAD_PLAINTEXT_MAX + 1],
                              size_t *length);

/* Returns the id of the key that `encrypted` was encrypted with. Empty: `encrypted` is no encrypted
 * text. */
struct span aead_key_id(struct span encrypted);

#endif
