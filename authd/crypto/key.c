/* Threat: two different inputs that make the same octets would have the same verifier. So every
 * part has a fixed length or follows its length, and each use of a key begins with a word of its
 * own. */
#include "crypto/key.h"

#include <sodium.h>

#include "base/secret.h"

_Static_assert(KEY_LENGTH == crypto_generichash_KEYBYTES, "BLAKE2b's recommended key");
_Static_assert(KEYED_HASH_LENGTH == crypto_generichash_BYTES, "and its recommended hash");

static const char use_name[] = "authd key name";
static const char use_verifier[] = "authd verifier";
static const char use_derive[] = "authd derive";

static void update(crypto_generichash_state *state, const void *data, size_t len)
{
    crypto_generichash_update(state, data, len);
}

static void update_number(crypto_generichash_state *state, uint64_t number)
{
    uint8_t octets[8];

    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (uint8_t)(number >> (56 - 8 * i));
    }
    update(state, octets, sizeof(octets));
}

static void update_span(crypto_generichash_state *state, struct span span)
{
    update_number(state, span.len);
    update(state, span.ptr, span.len);
}

static void finish(crypto_generichash_state *state, uint8_t out[static KEYED_HASH_LENGTH])
{
    crypto_generichash_final(state, out, KEYED_HASH_LENGTH);
    secret_wipe(state, sizeof(*state));
}

void key_id_make(struct key *key)
{
    crypto_generichash_state state;
    uint8_t hash[KEYED_HASH_LENGTH];

    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    update_span(&state, SPAN_LITERAL(use_name));
    update(&state, key->octets, sizeof(key->octets));
    finish(&state, hash);
    sodium_bin2hex(key->id, sizeof(key->id), hash, KEY_ID_LENGTH / 2);
    secret_wipe(hash, sizeof(hash));
}

static bool parse_line(const char *line, struct key *key)
{
    size_t length = 0;

    if (line[KEY_LINE_LENGTH - 1] != '\n' ||
        sodium_hex2bin(key->octets, sizeof(key->octets), line, KEY_LINE_LENGTH - 1, NULL, &length,
                       NULL) != 0 ||
        length != sizeof(key->octets) || sodium_is_zero(key->octets, sizeof(key->octets))) {
        return false;
    }
    key_id_make(key);
    return true;
}

size_t key_set_parse(struct span text, struct key_set *set)
{
    size_t count = text.len / KEY_LINE_LENGTH;

    set->count = 0;
    if (text.len % KEY_LINE_LENGTH != 0 || count > KEY_SET_MAX) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        struct key *key = &set->keys[i];

        if (!parse_line(text.ptr + i * KEY_LINE_LENGTH, key) ||
            key_find(set, span_of(key->id)) != NULL) {
            return set->count = 0;
        }
        set->count++;
    }
    return count;
}

void key_format(const struct key *key, char out[static KEY_LINE_LENGTH])
{
    char text[KEY_LINE_LENGTH];

    sodium_bin2hex(text, sizeof(text), key->octets, sizeof(key->octets));
    memcpy(out, text, KEY_LINE_LENGTH - 1);
    out[KEY_LINE_LENGTH - 1] = '\n';
    secret_wipe(text, sizeof(text));
}

void key_set_promote(struct key_set *set, size_t place)
{
    struct key key = set->keys[place];

    memmove(&set->keys[1], &set->keys[0], place * sizeof(key));
    set->keys[0] = key;
    secret_wipe(&key, sizeof(key));
}

const struct key *key_find(const struct key_set *set, struct span id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (span_is(id, set->keys[i].id)) {
            return &set->keys[i];
        }
    }
    return NULL;
}

void keyed_hash(const struct key *key, const struct keyed_input *input,
                uint8_t out[static KEYED_HASH_LENGTH])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, key->octets, sizeof(key->octets), KEYED_HASH_LENGTH);
    update_span(&state, SPAN_LITERAL(use_verifier));
    update_span(&state, span_of(input->kind));
    update_number(&state, (uint64_t)input->id);
    update_number(&state, (uint64_t)input->owner);
    update_span(&state, input->secret);
    finish(&state, out);
}

void keyed_hash_hex(const struct key *key, const struct keyed_input *input,
                    char out[static KEYED_HASH_HEX_SIZE])
{
    uint8_t octets[KEYED_HASH_LENGTH];

    keyed_hash(key, input, octets);
    sodium_bin2hex(out, KEYED_HASH_HEX_SIZE, octets, sizeof(octets));
    secret_wipe(octets, sizeof(octets));
}

void key_derive(const struct key_ring *ring, const char *purpose, uint8_t out[static KEY_LENGTH])
{
    const struct key *key = &ring->peppers.keys[0];
    crypto_generichash_state state;

    crypto_generichash_init(&state, key->octets, sizeof(key->octets), KEY_LENGTH);
    update_span(&state, SPAN_LITERAL(use_derive));
    update_span(&state, span_of(purpose));
    finish(&state, out);
}
