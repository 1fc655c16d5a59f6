/* Sealed texts: what authd must be able to read again, but nobody who has only the database. TOTP
 * seeds, and the hashes of passwords, so that a dump has nothing to crack. Pure.
 *
 *     $sealed$KKKKKKKK$BASE64
 *
 * K: the name of the sealing key; then, in base64url without padding, a random nonce (24 octets),
 * the text enciphered by XChaCha20-Poly1305, and its tag (16). The associated data are the key's
 * name and the row that the text belongs to: pasted into another row, or into the same row at
 * another time, it cannot be opened. */
#ifndef CRYPTO_SEALED_H
#define CRYPTO_SEALED_H

#include "crypto/keyed.h"

enum {
    SEALED_PREFIX_LENGTH = 8 + KEY_ID_LENGTH + 1, /* "$sealed$6d159902$" */
    SEALED_NONCE_LENGTH = 24,
    SEALED_TAG_LENGTH = 16,
    SEALED_TEXT_MAX = 511, /* of what is sealed; as AUTHD_HASH_MAX */
};

#define SEALED_LENGTH(LEN)                                                                         \
    (SEALED_PREFIX_LENGTH + ((SEALED_NONCE_LENGTH + (LEN) + SEALED_TAG_LENGTH) * 4 + 2) / 3)
#define SEALED_MAX SEALED_LENGTH(SEALED_TEXT_MAX)

/* Where a sealed text belongs. `version` is another one each time the row gets another text, unless
 * the id is. */
struct sealed_row {
    const char *kind; /* a constant, such as "password" */
    int64_t id;
    int64_t owner; /* the account */
    int64_t version;
};

enum sealed_result {
    SEALED_BROKEN = 0,  /* no sealed text, or changed, or of another row */
    SEALED_KEY_MISSING, /* its key is not in the set */
    SEALED_OPENED,
};

/* Under the first key of the set. `text` has at most SEALED_TEXT_MAX octets. */
void sealed_make(const struct key_set *keys, const struct sealed_row *row, struct span text,
                 char out[static SEALED_MAX + 1]);

/* `out` gets the text and a NUL, and is the caller's to wipe; `length` may be NULL. Without
 * SEALED_OPENED it is wiped. */
enum sealed_result sealed_open(const struct key_set *keys, const struct sealed_row *row,
                               struct span sealed, char out[static SEALED_TEXT_MAX + 1],
                               size_t *length);

/* The name of the key that a text is sealed under; empty: it is no sealed text. */
struct span sealed_key(struct span sealed);

#endif
