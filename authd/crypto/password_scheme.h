/* Stored password hashes: which scheme reads a hash, what a check costs, whether a password
 * matches. Pure. Expensive checks take long, so the core runs these on a worker. */
#ifndef CRYPTO_PASSWORD_SCHEME_H
#define CRYPTO_PASSWORD_SCHEME_H

#include <authd/plugin.h>

#include "base/err.h"
#include "base/span.h"

/* The longest password that is ever hashed, in octets. */
#define PASSWORD_MAX 1024

struct password_schemes {
    const struct authd_scheme *const *schemes; /* the configured schemes */
    size_t count;
    const struct authd_scheme *preferred;    /* makes new hashes; has `hash` and `weaker` */
    struct authd_hash_parameters parameters; /* parameters of new hashes */
    struct authd_cost limit;                 /* a stored hash that costs more is not checked */
    /* A hash of a random secret. The password of an unknown user is checked against this hash, so
     * that the check takes as long as for a known user. */
    char dummy[AUTHD_HASH_MAX + 1];
};

/* Call with `schemes`, `count`, `parameters` and `limit` set. Finds the scheme named `preferred`
 * and makes the dummy hash. False: `err` says what is missing. */
bool password_schemes_init(struct password_schemes *schemes, const char *preferred,
                           struct err *err);

/* Returns the scheme that reads `stored`, and sets the cost of a check. NULL: no scheme reads
 * `stored`, or the check costs more than the limit, or `stored` is malformed. */
const struct authd_scheme *password_scheme(const struct password_schemes *schemes,
                                           const char *stored, struct authd_cost *cost);

/* What a stored hash (NULL: there is none) is, without checking a password against it. */
enum password_kind {
    PASSWORD_NONE = 0,
    /* A text that is no hash of any scheme, such as "!". No password matches. */
    PASSWORD_LOCKED,
    /* A hash that no configured scheme reads, or whose check costs more than the limit. */
    PASSWORD_UNREADABLE,
    PASSWORD_USABLE,
};

enum password_kind password_kind_of(const struct password_schemes *schemes, const char *stored);

enum authd_match password_verify(const struct authd_scheme *scheme, const char *stored,
                                 struct span password);
/* Should `stored`, which `password` has just matched, be replaced by a new hash? No, if the scheme
 * ignored the end of the password: that end was never checked. */
bool password_needs_rehash(const struct password_schemes *schemes, const char *stored,
                           struct span password);
/* Makes a hash with the preferred scheme. False: out of memory, or `password` is empty or longer
 * than PASSWORD_MAX. Such a password never matches. */
bool password_hash(const struct password_schemes *schemes, struct span password,
                   char out[static AUTHD_HASH_MAX + 1]);

/* Lets the schemes wipe the memory that they keep for the calling thread. Call on a thread that has
 * verified or hashed and is now idle. */
void password_idle(const struct password_schemes *schemes);

#endif
