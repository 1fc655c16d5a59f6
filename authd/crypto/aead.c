/* Threats: an encrypted text copied to another user, or an old text copied back: the associated
 * data name the row and its version. Associated data that are the same for two rows: every part has
 * a fixed length or follows its length. A nonce used twice: a nonce has 192 random bits. */
#include "crypto/aead.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/secret.h"

#define VARIANT    sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define OCTETS_MAX (AEAD_NONCE_LENGTH + AEAD_PLAINTEXT_MAX + AEAD_TAG_LENGTH)
#define KIND_MAX   32
#define DATA_MAX   (sizeof(use) + KEY_ID_LENGTH + 1 + KIND_MAX + 3 * 8)

_Static_assert(KEY_LENGTH == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one key fits all");
_Static_assert(AEAD_NONCE_LENGTH == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "as libsodium");
_Static_assert(AEAD_TAG_LENGTH == crypto_aead_xchacha20poly1305_ietf_ABYTES, "as libsodium");

static const char use[] = "authd aead";
static const char prefix[] = "$cipher$";

static size_t put(uint8_t *data, size_t at, const void *octets, size_t len)
{
    memcpy(data + at, octets, len);
    return at + len;
}

static size_t put_number(uint8_t *data, size_t at, int64_t number)
{
    for (size_t i = 0; i < 8; i++) {
        data[at + i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    }
    return at + 8;
}

/* Writes the associated data and returns their length. */
static size_t data_of(const struct key *key, const struct aead_row *row,
                      uint8_t data[static DATA_MAX])
{
    uint8_t length = (uint8_t)strlen(row->kind);
    size_t at = put(data, 0, use, sizeof(use));

    if (length > KIND_MAX) {
        abort();
    }
    at = put(data, at, key->id, KEY_ID_LENGTH);
    at = put(data, at, &length, 1);
    at = put(data, at, row->kind, length);
    at = put_number(data, at, row->id);
    at = put_number(data, at, row->owner);
    return put_number(data, at, row->version);
}

void aead_encrypt(const struct key_set *keys, const struct aead_row *row, struct span text,
                  char out[static AEAD_MAX + 1])
{
    const struct key *key = &keys->keys[0];
    uint8_t data[DATA_MAX];
    uint8_t octets[OCTETS_MAX];
    unsigned long long made = 0;

    if (keys->count == 0 || text.len > AEAD_PLAINTEXT_MAX) {
        abort();
    }
    size_t length = data_of(key, row, data);

    randombytes_buf(octets, AEAD_NONCE_LENGTH);
    crypto_aead_xchacha20poly1305_ietf_encrypt(octets + AEAD_NONCE_LENGTH, &made,
                                               (const uint8_t *)text.ptr, text.len, data, length,
                                               NULL, octets, key->octets);
    memcpy(out, prefix, sizeof(prefix) - 1);
    memcpy(out + sizeof(prefix) - 1, key->id, KEY_ID_LENGTH);
    out[AEAD_PREFIX_LENGTH - 1] = '$';
    sodium_bin2base64(out + AEAD_PREFIX_LENGTH, AEAD_MAX + 1 - AEAD_PREFIX_LENGTH, octets,
                      AEAD_NONCE_LENGTH + made, VARIANT);
}

struct span aead_key_id(struct span encrypted)
{
    if (encrypted.len <= AEAD_PREFIX_LENGTH || encrypted.ptr[AEAD_PREFIX_LENGTH - 1] != '$' ||
        !span_equal((struct span){encrypted.ptr, sizeof(prefix) - 1}, SPAN_LITERAL(prefix))) {
        return SPAN_LITERAL("");
    }
    return (struct span){encrypted.ptr + sizeof(prefix) - 1, KEY_ID_LENGTH};
}

static enum aead_result open_under(const struct key *key, const struct aead_row *row,
                                   struct span base64, char out[static AEAD_PLAINTEXT_MAX + 1],
                                   size_t *length)
{
    uint8_t data[DATA_MAX];
    uint8_t octets[OCTETS_MAX];
    size_t count = 0;
    unsigned long long opened = 0;

    if (sodium_base642bin(octets, sizeof(octets), base64.ptr, base64.len, NULL, &count, NULL,
                          VARIANT) != 0 ||
        count < AEAD_NONCE_LENGTH + AEAD_TAG_LENGTH ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            (uint8_t *)out, &opened, NULL, octets + AEAD_NONCE_LENGTH, count - AEAD_NONCE_LENGTH,
            data, data_of(key, row, data), octets, key->octets) != 0) {
        return AEAD_BROKEN;
    }
    out[opened] = '\0';
    if (length != NULL) {
        *length = opened;
    }
    return AEAD_DECRYPTED;
}

enum aead_result aead_decrypt(const struct key_set *keys, const struct aead_row *row,
                              struct span encrypted, char out[static AEAD_PLAINTEXT_MAX + 1],
                              size_t *length)
{
    struct span id = aead_key_id(encrypted);
    const struct key *key = key_find(keys, id);
    enum aead_result result = id.len == 0 ? AEAD_BROKEN : AEAD_KEY_MISSING;

    if (key != NULL && encrypted.len <= AEAD_MAX) {
        const struct span base64 = {encrypted.ptr + AEAD_PREFIX_LENGTH,
                                    encrypted.len - AEAD_PREFIX_LENGTH};

        result = open_under(key, row, base64, out, length);
    } else if (key != NULL) {
        result = AEAD_BROKEN;
    }
    if (result != AEAD_DECRYPTED) {
        secret_wipe(out, AEAD_PLAINTEXT_MAX + 1);
    }
    return result;
}
