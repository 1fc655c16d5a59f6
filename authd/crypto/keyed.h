/* Keys from outside the database, and what is made of them: verifiers of secrets that authd itself
 * made. Pure: who reads the key files is authd/keyfile.c.
 *
 * A verifier is a keyed hash (BLAKE2b, 256 bits) over kind, id, owner and secret, each with its
 * length or of fixed length: a stolen database has nothing to guess against, and a verifier that is
 * pasted into another row, another user or another kind of credential fits nothing there. */
#ifndef CRYPTO_KEYED_H
#define CRYPTO_KEYED_H

#include "base/span.h"

enum {
    KEY_LENGTH = 32,
    KEY_ID_LENGTH = 8,
    KEY_LINE_LENGTH = 2 * KEY_LENGTH + 1,
    KEYED_HASH_LENGTH = 32,
    KEY_SET_MAX = 8,
};

struct key {
    char id[KEY_ID_LENGTH + 1]; /* hex of a hash of the key: stands beside what it made */
    uint8_t octets[KEY_LENGTH];
};

struct key_set {
    struct key keys[KEY_SET_MAX]; /* the first one makes what is new */
    size_t count;
};

struct key_ring {
    struct key_set peppers; /* verifiers of secrets that authd made */
    struct key_set sealing; /* crypto/sealed.h */
    struct key audit;
};

/* Sets the id of a key whose octets are there. */
void key_name(struct key *key);

/* The text of a key file: one key a line, 64 hexadecimal digits and a newline. The number of keys,
 * at most KEY_SET_MAX; 0: it is something else, or more, or has one twice, or one of zeros. */
size_t key_parse(struct span text, struct key_set *set);
/* Writes such a line, without a NUL. */
void key_line(const struct key *key, char out[static KEY_LINE_LENGTH]);

/* The key at that place becomes the first one; the others keep their order. */
void key_set_promote(struct key_set *set, size_t place);

/* NULL: it is not in the set. */
const struct key *key_find(const struct key_set *set, struct span id);

/* `kind` is a constant of at most 255 octets, such as "app-password"; `id` is the row's, `owner`
 * its account's (0: none). */
struct keyed_input {
    const char *kind;
    int64_t id;
    int64_t owner;
    struct span secret;
};

void keyed_hash(const struct key *key, const struct keyed_input *input,
                uint8_t out[static KEYED_HASH_LENGTH]);

/* A key for one purpose ("cursor", "session"), the same on every node; another one when the first
 * pepper is another. */
void key_derive(const struct key_ring *ring, const char *purpose, uint8_t out[static KEY_LENGTH]);

#endif
