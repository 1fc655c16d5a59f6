/* The second factor of an account: the seed that its phone has as well.
 *
 * Threats: a row that is pasted onto another user (the seed is sealed over row and owner, and then
 * cannot be opened); a seed that stays in memory (it is wiped after each check). */
#ifndef CORE_FACTOR_H
#define CORE_FACTOR_H

#include "base/span.h"

struct core;

#define FACTOR_KIND "totp" /* of the sealed row; the text that is sealed is the seed's octets */

struct factor_row {
    int64_t id;
    int64_t owner;
    const char *seed; /* sealed */
    const char *algorithm;
    unsigned digits;
};

enum factor_match {
    FACTOR_BROKEN = 0,  /* the seed is not this row's, or there is nothing to compute with it */
    FACTOR_KEY_MISSING, /* it is sealed under a key that is not here */
    FACTOR_NO,
    FACTOR_YES, /* and `step` is set: whether it was used already is the database's to say */
};

/* `now` is the database's, in seconds since 1970. */
enum factor_match factor_match(const struct core *core, const struct factor_row *row,
                               struct span digits, int64_t now, int64_t *step);

#endif
