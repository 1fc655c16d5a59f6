/* Stored password hashes: which scheme reads one, what it would cost, does the password match.
 * Pure: no I/O; slow, so the core runs the dear ones on a worker. */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include <authd/plugin.h>

#include "base/err.h"
#include "base/span.h"

/* The longest password that is ever hashed, in octets. */
#define PASSWORD_MAX 1024

struct password_schemes {
    const struct authd_scheme *const *schemes; /* all that are configured */
    size_t count;
    const struct authd_scheme *preferred; /* makes new hashes; has `hash` and `weaker` */
    struct authd_hash_parameters parameters;
    struct authd_cost limit; /* a stored hash that would take more is not checked */
    /* A hash of a random secret: what unknown users are checked against. */
    char dummy[AUTHD_HASH_MAX + 1];
};

/* Call with schemes, count, parameters and limit set. Finds the preferred scheme by name and makes
 * the dummy hash. False: `err` names what is missing. */
bool password_schemes_init(struct password_schemes *schemes, const char *preferred,
                           struct err *err);

/* The scheme of `stored` and its cost within the limit; NULL: none, or too dear, or malformed. */
const struct authd_scheme *password_scheme(const struct password_schemes *schemes,
                                           const char *stored, struct authd_cost *cost);

/* What can be said of a stored hash (NULL: there is none) before it is checked. */
enum password_kind {
    PASSWORD_NONE = 0,
    PASSWORD_LOCKED,     /* no scheme's hash at all, such as "!": nothing can match it */
    PASSWORD_UNREADABLE, /* some scheme's, but none that is configured reads it within the limit */
    PASSWORD_USABLE,
};

enum password_kind password_kind_of(const struct password_schemes *schemes, const char *stored);

enum authd_match password_verify(const struct authd_scheme *scheme, const char *stored,
                                 struct span password);
/* Should `stored`, which `password` has just matched, be replaced by a hash made today? Not when
 * its scheme ignored the end of the password: nobody knows whether that was right. */
bool password_weaker(const struct password_schemes *schemes, const char *stored,
                     struct span password);
/* False: out of memory, or a password that is empty or longer than PASSWORD_MAX, which never
 * matches. */
bool password_hash(const struct password_schemes *schemes, struct span password,
                   char out[static AUTHD_HASH_MAX + 1]);

/* On a thread that has verified or hashed and has nothing to do: the schemes wipe what they keep.
 */
void password_idle(const struct password_schemes *schemes);

#endif
