#include "crypto/password_scheme.h"

#include <inttypes.h>
#include <string.h>

#include "base/secret.h"

static struct authd_bytes bytes_of(struct span span)
{
    return (struct authd_bytes){(const unsigned char *)span.ptr, span.len};
}

static const struct authd_scheme *scheme_by_name(const struct password_schemes *schemes,
                                                 const char *name)
{
    for (size_t i = 0; i < schemes->count; i++) {
        if (span_is(span_of(schemes->schemes[i]->name), name)) {
            return schemes->schemes[i];
        }
    }
    return NULL;
}

static bool scheme_reads(const struct authd_scheme *scheme, struct span stored)
{
    for (const char *const *prefix = scheme->prefixes; *prefix != NULL; prefix++) {
        size_t len = strlen(*prefix);
        if (stored.len >= len && span_is((struct span){stored.ptr, len}, *prefix)) {
            return true;
        }
    }
    return false;
}

static const struct authd_scheme *scheme_of(const struct password_schemes *schemes,
                                            struct span stored)
{
    for (size_t i = 0; i < schemes->count; i++) {
        if (scheme_reads(schemes->schemes[i], stored)) {
            return schemes->schemes[i];
        }
    }
    return NULL;
}

/* Makes a hash that matches no password that a client can know: the password has 256 random
 * bits. */
static bool make_dummy(struct password_schemes *schemes)
{
    char secret[32];
    secret_random(secret, sizeof(secret));
    bool made = password_hash(schemes, (struct span){secret, sizeof(secret)}, schemes->dummy);
    secret_wipe(secret, sizeof(secret));
    return made;
}

bool password_schemes_init(struct password_schemes *schemes, const char *preferred, struct err *err)
{
    const struct authd_scheme *scheme = scheme_by_name(schemes, preferred);
    if (scheme == NULL) {
        return err_set(err,
                       "no plugin offers the password scheme %s, which new passwords are hashed "
                       "with: add it to plugins",
                       preferred);
    }
    if (scheme->hash == NULL || scheme->weaker == NULL) {
        return err_set(err,
                       "the password scheme %s only verifies: new passwords need one that makes "
                       "hashes, such as argon2id",
                       preferred);
    }
    schemes->preferred = scheme;
    if (!make_dummy(schemes)) {
        return err_set(err, "cannot make a %s hash with %" PRIu64 " KiB of memory: out of memory?",
                       preferred, schemes->parameters.memory / 1024);
    }
    struct authd_cost cost;
    if (password_scheme(schemes, schemes->dummy, &cost) != scheme) {
        return err_set(err,
                       "new %s hashes would take more memory or time than a stored hash may: "
                       "lower password.hash_memory or password.hash_passes",
                       preferred);
    }
    return true;
}

const struct authd_scheme *password_scheme(const struct password_schemes *schemes,
                                           const char *stored, struct authd_cost *cost)
{
    struct span text = {stored, strnlen(stored, AUTHD_HASH_MAX + 1)};
    *cost = (struct authd_cost){0};
    if (text.len > AUTHD_HASH_MAX) {
        return NULL;
    }
    const struct authd_scheme *scheme = scheme_of(schemes, text);
    if (scheme == NULL || !scheme->cost(stored, cost)) {
        return NULL;
    }
    if (cost->bytes > schemes->limit.bytes || cost->work > schemes->limit.work) {
        return NULL;
    }
    return scheme;
}

enum authd_match password_verify(const struct authd_scheme *scheme, const char *stored,
                                 struct span password)
{
    /* A stored hash of the empty password must never let a user in. */
    if (password.len == 0 || password.len > PASSWORD_MAX) {
        return AUTHD_MATCH_NO;
    }
    return scheme->verify(stored, bytes_of(password));
}

bool password_needs_rehash(const struct password_schemes *schemes, const char *stored,
                           struct span password)
{
    struct authd_cost cost;
    const struct authd_scheme *scheme = password_scheme(schemes, stored, &cost);
    if (scheme == NULL || (cost.counted != 0 && password.len > cost.counted)) {
        return false;
    }
    return scheme != schemes->preferred || scheme->weaker(stored, &schemes->parameters);
}

enum password_kind password_kind_of(const struct password_schemes *schemes, const char *stored)
{
    struct authd_cost cost;
    if (stored == NULL) {
        return PASSWORD_NONE;
    }
    if (password_scheme(schemes, stored, &cost) != NULL) {
        return PASSWORD_USABLE;
    }
    return stored[0] == '$' || stored[0] == '{' ? PASSWORD_UNREADABLE : PASSWORD_LOCKED;
}

bool password_hash(const struct password_schemes *schemes, struct span password,
                   char out[static AUTHD_HASH_MAX + 1])
{
    if (password.len == 0 || password.len > PASSWORD_MAX) {
        return false;
    }
    return schemes->preferred->hash(&schemes->parameters, bytes_of(password), out);
}

void password_idle(const struct password_schemes *schemes)
{
    for (size_t i = 0; i < schemes->count; i++) {
        if (schemes->schemes[i]->idle != NULL) {
            schemes->schemes[i]->idle();
        }
    }
}
