#include "crypto/cleartext.h"

#include <sodium.h>
#include <strings.h>

#include "base/secret.h"
#include "crypto/password_scheme.h"

#define DIGEST_LENGTH crypto_hash_sha512_BYTES
#define SALT_LENGTH   16

enum encoding { ENCODING_NONE, ENCODING_HEX, ENCODING_BASE64, ENCODING_UNKNOWN };

static bool is_word(struct span text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

static enum encoding encoding_of(struct span word)
{
    if (word.len == 0) {
        return ENCODING_NONE;
    }
    if (is_word(word, ".hex")) {
        return ENCODING_HEX;
    }
    return is_word(word, ".b64") || is_word(word, ".base64") ? ENCODING_BASE64 : ENCODING_UNKNOWN;
}

/* Removes {NAME.ENCODING} from the front of `stored`. False: NAME is not that of a cleartext
 * password. */
static bool take_name(struct span *stored, enum encoding *encoding)
{
    const char *end =
        stored->len > 0 && stored->ptr[0] == '{' ? memchr(stored->ptr, '}', stored->len) : NULL;
    if (end == NULL) {
        return false;
    }
    struct span name = {stored->ptr + 1, (size_t)(end - stored->ptr - 1)};
    const char *dot = memchr(name.ptr, '.', name.len);
    struct span word = {end, 0};
    if (dot != NULL) {
        word = (struct span){dot, (size_t)(end - dot)};
        name.len -= word.len;
    }
    *stored = (struct span){end + 1, stored->len - name.len - word.len - 2};
    *encoding = encoding_of(word);
    return *encoding != ENCODING_UNKNOWN &&
           (is_word(name, "PLAIN") || is_word(name, "CLEAR") || is_word(name, "CLEARTEXT"));
}

bool cleartext_is(struct span stored)
{
    enum encoding encoding;
    return take_name(&stored, &encoding);
}

static bool decode(struct span text, enum encoding encoding, struct span *out, char *room)
{
    const char *end = text.ptr + text.len;
    size_t len = 0;
    int status = 0;
    if (encoding == ENCODING_NONE) {
        *out = text;
        return true;
    }
    if (encoding == ENCODING_HEX) {
        status = sodium_hex2bin((unsigned char *)room, PASSWORD_MAX, text.ptr, text.len, NULL, &len,
                                &end);
    } else {
        status = sodium_base642bin((unsigned char *)room, PASSWORD_MAX, text.ptr, text.len, NULL,
                                   &len, &end, sodium_base64_VARIANT_ORIGINAL);
    }
    *out = (struct span){room, len};
    return status == 0 && end == text.ptr + text.len;
}

static void make_salt(struct span password, const char *login, const uint8_t *key, uint8_t *salt)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, 32, SALT_LENGTH);
    crypto_generichash_update(&state, (const unsigned char *)login, strlen(login) + 1);
    crypto_generichash_update(&state, (const unsigned char *)password.ptr, password.len);
    crypto_generichash_final(&state, salt, SALT_LENGTH);
    secret_wipe(&state, sizeof(state));
}

bool cleartext_digest(struct span stored, const char *login, const uint8_t key[static 32],
                      char out[static AUTHD_HASH_MAX + 1])
{
    static const char name[] = "{SSHA512}";
    char room[PASSWORD_MAX];
    uint8_t made[DIGEST_LENGTH + SALT_LENGTH];
    enum encoding encoding;
    struct span password;
    if (!take_name(&stored, &encoding) || !decode(stored, encoding, &password, room) ||
        password.len == 0 || password.len > PASSWORD_MAX) {
        secret_wipe(room, sizeof(room));
        return false;
    }
    make_salt(password, login, key, made + DIGEST_LENGTH);
    crypto_hash_sha512_state state;
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, (const unsigned char *)password.ptr, password.len);
    crypto_hash_sha512_update(&state, made + DIGEST_LENGTH, SALT_LENGTH);
    crypto_hash_sha512_final(&state, made);
    secret_wipe(&state, sizeof(state));
    secret_wipe(room, sizeof(room));
    memcpy(out, name, sizeof(name));
    sodium_bin2base64(out + sizeof(name) - 1, AUTHD_HASH_MAX + 1 - (sizeof(name) - 1), made,
                      sizeof(made), sodium_base64_VARIANT_ORIGINAL);
    return true;
}
