/* Dovecot's {SHA256} scheme as a plugin: base64 of one unsalted SHA-256. For the benchmark only:
 * the hash costs almost nothing, so that a run measures the rest of a login, and both servers read
 * the same stored text. Never installed: a thief of such a hash soon has the password. */
#include <authd/plugin.h>
#include <sodium.h>
#include <string.h>

#define PREFIX "{SHA256}"

/* 44 digits of base64 for 32 octets, and the NUL. */
#define DIGITS_SIZE                                                                                \
    sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL)

static bool stored_parse(const char *stored, unsigned char digest[static crypto_hash_sha256_BYTES])
{
    if (strncmp(stored, PREFIX, strlen(PREFIX)) != 0) {
        return false;
    }
    const char *digits = stored + strlen(PREFIX);
    size_t length = 0;
    return sodium_base642bin(digest, crypto_hash_sha256_BYTES, digits, strlen(digits), NULL,
                             &length, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
           length == crypto_hash_sha256_BYTES;
}

static bool sha256_cost(const char *stored, struct authd_cost *cost)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    if (!stored_parse(stored, digest)) {
        return false;
    }
    *cost = (struct authd_cost){.bytes = 1024, .work = 1};
    return true;
}

static enum authd_match sha256_verify(const char *stored, struct authd_bytes password)
{
    unsigned char wanted[crypto_hash_sha256_BYTES];
    unsigned char digest[crypto_hash_sha256_BYTES];

    if (!stored_parse(stored, wanted)) {
        return AUTHD_MATCH_ERROR;
    }
    crypto_hash_sha256(digest, password.ptr, password.len);
    int difference = sodium_memcmp(wanted, digest, sizeof digest);
    sodium_memzero(digest, sizeof digest);
    return difference == 0 ? AUTHD_MATCH_YES : AUTHD_MATCH_NO;
}

static bool sha256_hash(const struct authd_hash_parameters *parameters, struct authd_bytes password,
                        char out[AUTHD_HASH_MAX + 1])
{
    (void)parameters;
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, password.ptr, password.len);
    memcpy(out, PREFIX, strlen(PREFIX));
    sodium_bin2base64(out + strlen(PREFIX), DIGITS_SIZE, digest, sizeof digest,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(digest, sizeof digest);
    return true;
}

/* All hashes are equally strong, so that no login replaces a hash. */
static bool sha256_weaker(const char *stored, const struct authd_hash_parameters *parameters)
{
    (void)stored;
    (void)parameters;
    return false;
}

static const char *const sha256_prefixes[] = {PREFIX, NULL};

static const struct authd_scheme sha256_scheme = {
    .name = "sha256",
    .prefixes = sha256_prefixes,
    .cost = sha256_cost,
    .verify = sha256_verify,
    .hash = sha256_hash,
    .weaker = sha256_weaker,
};

static const struct authd_scheme *const schemes[] = {&sha256_scheme, NULL};

AUTHD_PLUGIN(sha256) = {
    .abi = AUTHD_PLUGIN_ABI,
    .size = sizeof(struct authd_plugin),
    .name = "sha256",
    .schemes = schemes,
};
