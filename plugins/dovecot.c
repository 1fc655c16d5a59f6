/* Password scheme dovecot: hashes with Dovecot's {SCHEME} names, as `doveadm pw -l` lists them. The
 * scheme makes no hashes, so a successful login replaces these.
 *
 * Accepts {SSHA} {SSHA256} {SSHA512} {SMD5}, {SHA} {SHA1} {SHA256} {SHA512} {PLAIN-MD5} {LDAP-MD5},
 * {PBKDF2}, {ARGON2I} {ARGON2ID}, {PLAIN} {CLEAR} {CLEARTEXT}, and the crypt(3) names {CRYPT}
 * {BLF-CRYPT} {SHA256-CRYPT} {SHA512-CRYPT} {MD5-CRYPT} {MD5} with what crypt_hash.c reads. Names
 * may be in any case, and end in .HEX, .B64 or .BASE64 if the value is encoded so. As in Dovecot,
 * an unsalted digest without such an ending may be in hex or in base64, and each crypt(3) name
 * accepts every crypt(3) format. Narrower than Dovecot: base64 is canonical, a salt has 1 to 64
 * octets. Refused are schemes that need the user's name (DIGEST-MD5), verifiers of other mechanisms
 * (CRAM-MD5, SCRAM-*), DES, MD4, OTP and PLAIN-TRUNC.
 *
 * Threat: a stored hash is data, and its parameters say how much memory and time the next login
 * needs; `cost` bounds them. A locked entry ("{CRYPT}!", "{PLAIN}*") is a mark without a password
 * and is not accepted as a hash. The digests are fast, and some are broken: a stolen table of
 * digests is soon cracked. That is why a successful login replaces a digest by a strong hash. */
#include <authd/plugin.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "argon2_hash.h"
#include "crypt_hash.h"
#include "parse.h"

#define SALT_MAX      64
#define DIGEST_WORK   5         /* microseconds of one digest of any kind */
#define ROUNDS_MAX    999999999 /* no program uses more */
#define PBKDF2_OCTETS 20        /* Dovecot's output size, with HMAC-SHA1 */

enum encoding { ENCODING_NONE = 0, ENCODING_HEX, ENCODING_BASE64 };

/* The decoded text after {SCHEME}. */
struct value {
    const struct dovecot_scheme *scheme;
    size_t len;
    unsigned char octets[AUTHD_HASH_MAX + 1]; /* `len` octets and a NUL */
};

struct dovecot_scheme {
    const char *name;
    enum encoding encoding;
    const EVP_MD *(*digest)(void); /* set for digests; NULL otherwise */
    bool salted;                   /* the salt follows the digest */
    bool (*cost)(const struct value *value, struct authd_cost *cost);
    enum authd_match (*verify)(const struct value *value, struct authd_bytes password);
};

static const char *text_of(const struct value *value)
{
    return (const char *)value->octets;
}

/* ---- digests ----------------------------------------------------------------------- */

static size_t digest_size(const struct dovecot_scheme *scheme)
{
    return scheme->digest != NULL ? (size_t)EVP_MD_get_size(scheme->digest()) : 0;
}

static bool digest_cost(const struct value *value, struct authd_cost *cost)
{
    size_t size = digest_size(value->scheme);
    cost->work = DIGEST_WORK;
    return value->scheme->salted ? value->len > size && value->len <= size + SALT_MAX
                                 : value->len == size;
}

static enum authd_match digest_verify(const struct value *value, struct authd_bytes password)
{
    size_t size = digest_size(value->scheme);
    unsigned char made[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context != NULL && EVP_DigestInit_ex(context, value->scheme->digest(), NULL) == 1 &&
                EVP_DigestUpdate(context, password.ptr, password.len) == 1 &&
                EVP_DigestUpdate(context, value->octets + size, value->len - size) == 1 &&
                EVP_DigestFinal_ex(context, made, NULL) == 1;
    EVP_MD_CTX_free(context);
    bool same = done && sodium_memcmp(made, value->octets, size) == 0;
    sodium_memzero(made, sizeof(made));
    if (!done) {
        return AUTHD_MATCH_ERROR; /* no memory, or an OpenSSL without this digest */
    }
    return same ? AUTHD_MATCH_YES : AUTHD_MATCH_NO;
}

/* ---- texts ------------------------------------------------------------------------- */

/* Marks of an account without a password in the files of several programs. */
static bool is_mark(const char *text)
{
    static const char *const marks[] = {"x", "X", "NP", "LK", "*LK*", "*NP*", "*NOLOGIN*"};
    if (text[strspn(text, "!*-")] == '\0') {
        return true;
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (strcmp(text, marks[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool plain_cost(const struct value *value, struct authd_cost *cost)
{
    cost->work = 1;
    return !is_mark(text_of(value));
}

static enum authd_match plain_verify(const struct value *value, struct authd_bytes password)
{
    bool same =
        password.len == value->len && sodium_memcmp(password.ptr, value->octets, value->len) == 0;
    return same ? AUTHD_MATCH_YES : AUTHD_MATCH_NO;
}

static bool crypt_text_cost(const struct value *value, struct authd_cost *cost)
{
    return crypt_hash_cost(text_of(value), cost);
}

static enum authd_match crypt_text_verify(const struct value *value, struct authd_bytes password)
{
    return crypt_hash_verify(text_of(value), password);
}

static bool cost_of_argon2(const struct value *value, const char *prefix, struct authd_cost *cost)
{
    struct argon2_hash hash;
    if (!argon2_hash_parse(text_of(value), prefix, &hash)) {
        return false;
    }
    argon2_hash_cost(&hash, cost);
    return true;
}

static bool argon2i_cost(const struct value *value, struct authd_cost *cost)
{
    return cost_of_argon2(value, "$argon2i$", cost);
}

static bool argon2id_cost(const struct value *value, struct authd_cost *cost)
{
    return cost_of_argon2(value, "$argon2id$", cost);
}

static enum authd_match any_argon2_verify(const struct value *value, struct authd_bytes password)
{
    return argon2_hash_verify(text_of(value), password);
}

/* ---- PBKDF2: $1$SALT$ROUNDS$HEX ---------------------------------------------------- */

struct pbkdf2 {
    const char *salt;
    size_t salt_len;
    uint32_t rounds;
    unsigned char octets[PBKDF2_OCTETS];
};

static bool hex_decode(const char *text, unsigned char *out, size_t max, size_t *len)
{
    const char *end = NULL;
    return sodium_hex2bin(out, max, text, strlen(text), NULL, len, &end) == 0 && *end == '\0';
}

static bool pbkdf2_parse(const struct value *value, struct pbkdf2 *hash)
{
    const char *at = text_of(value);
    size_t len = 0;
    if (!take_literal(&at, "$1$")) {
        return false;
    }
    hash->salt = at;
    hash->salt_len = strcspn(at, "$");
    at += hash->salt_len;
    return hash->salt_len >= 1 && hash->salt_len <= SALT_MAX && take_literal(&at, "$") &&
           take_number(&at, ROUNDS_MAX, &hash->rounds) && take_literal(&at, "$") &&
           hex_decode(at, hash->octets, sizeof(hash->octets), &len) && len == PBKDF2_OCTETS;
}

static bool pbkdf2_cost(const struct value *value, struct authd_cost *cost)
{
    struct pbkdf2 hash;
    if (!pbkdf2_parse(value, &hash)) {
        return false;
    }
    cost->work = DIGEST_WORK + hash.rounds / 2;
    return true;
}

static enum authd_match pbkdf2_verify(const struct value *value, struct authd_bytes password)
{
    struct pbkdf2 hash;
    unsigned char made[PBKDF2_OCTETS];
    if (!pbkdf2_parse(value, &hash)) {
        return AUTHD_MATCH_ERROR;
    }
    const char *text = password.len > 0 ? (const char *)password.ptr : "";
    if (PKCS5_PBKDF2_HMAC_SHA1(text, (int)password.len, (const unsigned char *)hash.salt,
                               (int)hash.salt_len, (int)hash.rounds, sizeof(made), made) != 1) {
        return AUTHD_MATCH_ERROR;
    }
    bool same = sodium_memcmp(made, hash.octets, sizeof(made)) == 0;
    sodium_memzero(made, sizeof(made));
    return same ? AUTHD_MATCH_YES : AUTHD_MATCH_NO;
}

/* ---- the schemes ------------------------------------------------------------------- */

#define DIGEST(NAME, ENCODING, FUNCTION, SALTED)                                                   \
    {                                                                                              \
        NAME, ENCODING_##ENCODING, FUNCTION, SALTED, digest_cost, digest_verify                    \
    }
#define TEXT(NAME, COST, VERIFY)                                                                   \
    {                                                                                              \
        NAME, ENCODING_NONE, NULL, false, COST, VERIFY                                             \
    }
#define CRYPT(NAME) TEXT(NAME, crypt_text_cost, crypt_text_verify)

static const struct dovecot_scheme dovecot_schemes[] = {
    DIGEST("SSHA", BASE64, EVP_sha1, true),
    DIGEST("SSHA256", BASE64, EVP_sha256, true),
    DIGEST("SSHA512", BASE64, EVP_sha512, true),
    DIGEST("SMD5", BASE64, EVP_md5, true),
    DIGEST("SHA", BASE64, EVP_sha1, false),
    DIGEST("SHA1", BASE64, EVP_sha1, false),
    DIGEST("SHA256", BASE64, EVP_sha256, false),
    DIGEST("SHA512", BASE64, EVP_sha512, false),
    DIGEST("PLAIN-MD5", HEX, EVP_md5, false),
    DIGEST("LDAP-MD5", BASE64, EVP_md5, false),
    TEXT("PBKDF2", pbkdf2_cost, pbkdf2_verify),
    TEXT("ARGON2I", argon2i_cost, any_argon2_verify),
    TEXT("ARGON2ID", argon2id_cost, any_argon2_verify),
    CRYPT("CRYPT"),
    CRYPT("BLF-CRYPT"),
    CRYPT("SHA256-CRYPT"),
    CRYPT("SHA512-CRYPT"),
    CRYPT("MD5-CRYPT"),
    CRYPT("MD5"),
    TEXT("PLAIN", plain_cost, plain_verify),
    TEXT("CLEAR", plain_cost, plain_verify),
    TEXT("CLEARTEXT", plain_cost, plain_verify),
};

static const struct dovecot_scheme *dovecot_scheme_of(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(dovecot_schemes) / sizeof(dovecot_schemes[0]); i++) {
        if (strlen(dovecot_schemes[i].name) == len &&
            strncasecmp(dovecot_schemes[i].name, name, len) == 0) {
            return &dovecot_schemes[i];
        }
    }
    return NULL;
}

/* Reads the ending of a name. `word` is "" or .HEX, .B64, .BASE64 in any case. */
static bool encoding_of(const char *word, size_t len, enum encoding *encoding)
{
    static const struct {
        const char *word;
        enum encoding encoding;
    } words[] = {
        {"", ENCODING_NONE},
        {".hex", ENCODING_HEX},
        {".b64", ENCODING_BASE64},
        {".base64", ENCODING_BASE64},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].word) == len && strncasecmp(words[i].word, word, len) == 0) {
            *encoding = words[i].encoding;
            return true;
        }
    }
    return false;
}

/* The encoding of a value whose name has no ending. */
static enum encoding encoding_guess(const struct dovecot_scheme *scheme, size_t len)
{
    if (scheme->digest == NULL || scheme->salted) {
        return scheme->encoding;
    }
    return len == 2 * digest_size(scheme) ? ENCODING_HEX : ENCODING_BASE64;
}

static bool decode(const char *text, enum encoding encoding, struct value *value)
{
    const size_t max = sizeof(value->octets) - 1;
    size_t len = strlen(text);
    const char *end = NULL;
    bool done = true;
    switch (encoding) {
    case ENCODING_NONE:
        memcpy(value->octets, text, len);
        value->len = len;
        break;
    case ENCODING_HEX:
        done = hex_decode(text, value->octets, max, &value->len);
        break;
    case ENCODING_BASE64:
        done = sodium_base642bin(value->octets, max, text, len, NULL, &value->len, &end,
                                 sodium_base64_VARIANT_ORIGINAL) == 0 &&
               *end == '\0';
        break;
    }
    value->octets[done ? value->len : 0] = '\0';
    return done && value->len > 0;
}

/* Splits `stored` into scheme and decoded value. Only a digest may contain a NUL: other values are
 * used as C strings. */
static bool parse(const char *stored, struct value *value)
{
    size_t len = strnlen(stored, AUTHD_HASH_MAX + 1);
    const char *end = len <= AUTHD_HASH_MAX ? strchr(stored, '}') : NULL;
    if (end == NULL || stored[0] != '{') {
        return false;
    }
    size_t name_len = strcspn(stored + 1, ".}");
    const char *word = stored + 1 + name_len;
    enum encoding encoding;
    value->scheme = dovecot_scheme_of(stored + 1, name_len);
    if (value->scheme == NULL || !encoding_of(word, (size_t)(end - word), &encoding)) {
        return false;
    }
    if (encoding == ENCODING_NONE) {
        encoding = encoding_guess(value->scheme, strlen(end + 1));
    }
    return decode(end + 1, encoding, value) &&
           (value->scheme->digest != NULL || strlen(text_of(value)) == value->len);
}

/* ---- the scheme -------------------------------------------------------------------- */

static bool dovecot_cost(const char *stored, struct authd_cost *cost)
{
    struct value value;
    bool read = parse(stored, &value) && value.scheme->cost(&value, cost);
    sodium_memzero(&value, sizeof(value)); /* the value of {PLAIN} is a password */
    return read;
}

static enum authd_match dovecot_verify(const char *stored, struct authd_bytes password)
{
    struct value value;
    struct authd_cost cost;
    enum authd_match match = AUTHD_MATCH_ERROR;
    if (parse(stored, &value) && value.scheme->cost(&value, &cost)) {
        match = password.len > 0 ? value.scheme->verify(&value, password) : AUTHD_MATCH_NO;
    }
    sodium_memzero(&value, sizeof(value));
    return match;
}

static const char *const prefixes[] = {"{", NULL};

static const struct authd_scheme scheme = {
    .name = "dovecot",
    .prefixes = prefixes,
    .cost = dovecot_cost,
    .verify = dovecot_verify,
};

static const struct authd_scheme *const schemes[] = {&scheme, NULL};

AUTHD_PLUGIN(dovecot) = {
    .abi = AUTHD_PLUGIN_ABI,
    .size = sizeof(struct authd_plugin),
    .name = "dovecot",
    .schemes = schemes,
};
