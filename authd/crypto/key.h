/* Keys that are kept outside the database, and verifiers of the secrets that authd itself makes.
 * Pure: no key file is read here.
 *
 * A verifier is a keyed hash (BLAKE2b, 256 bits) over kind, id, owner and secret; each part has a
 * fixed length or follows its length. A stolen database is no help in guessing secrets without the
 * key. A verifier copied to another row, another user or another kind of credential does not match
 * there. */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/span.h"

enum {
    KEY_LENGTH = 32,
    KEY_ID_LENGTH = 8,
    KEY_LINE_LENGTH = 2 * KEY_LENGTH + 1,
    KEYED_HASH_LENGTH = 32,
    KEYED_HASH_HEX_SIZE = 2 * KEYED_HASH_LENGTH + 1,
    KEY_SET_MAX = 8,
};

struct key {
    /* The key's name: hex digits of a hash of the key. The database stores the name beside each
     * value made with the key. */
    char id[KEY_ID_LENGTH + 1];
    uint8_t octets[KEY_LENGTH];
};

struct key_set {
    struct key keys[KEY_SET_MAX]; /* the first key makes new values */
    size_t count;
};

struct key_ring {
    struct key_set peppers;    /* keys of the verifiers */
    struct key_set encryption; /* keys that encrypt texts: crypto/aead.h */
    struct key audit;          /* key of the audit's MACs: crypto/audit_mac.h */
};

/* Makes the id of a key from its octets. */
void key_id_make(struct key *key);

/* Reads the text of a key file: one key a line, each 64 hexadecimal digits and a newline. Returns
 * the number of keys. 0: the file has no key, another format, more than KEY_SET_MAX keys, a key
 * twice, or a key of zeros only. */
size_t key_set_parse(struct span text, struct key_set *set);
/* Writes one line of a key file: the digits and the newline, without a NUL. */
void key_format(const struct key *key, char out[static KEY_LINE_LENGTH]);

/* Makes the key at index `place` the first one. The other keys keep their order. */
void key_set_promote(struct key_set *set, size_t place);

/* Returns the key of that id, which the set owns. NULL: the set has no such key. */
const struct key *key_find(const struct key_set *set, struct span id);

/* The parts of a verifier. `kind` is a constant that names the kind of credential, such as
 * "app-password". `id` is that of the row, `owner` that of the account (0: none). */
struct keyed_input {
    const char *kind;
    int64_t id;
    int64_t owner;
    struct span secret;
};

void keyed_hash(const struct key *key, const struct keyed_input *input,
                uint8_t out[static KEYED_HASH_LENGTH]);

/* The same hash in hexadecimal digits and a NUL. */
void keyed_hash_hex(const struct key *key, const struct keyed_input *input,
                    char out[static KEYED_HASH_HEX_SIZE]);

/* Derives a key for one purpose ("cursor", "session") from the first pepper. All nodes derive the
 * same key. A new first pepper changes the key. */
void key_derive(const struct key_ring *ring, const char *purpose, uint8_t out[static KEY_LENGTH]);

#endif
