/* The second factor of an account: a TOTP seed that the user's phone has as well.
 *
 * Threats: a row copied to another user (the seed is encrypted for row and owner, and cannot be
 * decrypted in another row); a seed that stays in memory (the seed is wiped after each check). */
#ifndef CREDENTIAL_TOTP_VERIFY_H
#define CREDENTIAL_TOTP_VERIFY_H

#include "base/span.h"

struct core;

/* The kind of the encrypted row. The text is the octets of the seed. */
#define TOTP_KIND "totp"

/* A row of authd.totp. */
struct totp_row {
    int64_t id;
    int64_t owner;    /* the account */
    const char *seed; /* the encrypted seed */
    const char *algorithm;
    unsigned digits;
};

enum totp_match {
    TOTP_BROKEN = 0,  /* the seed is not of this row, or its algorithm is unknown */
    TOTP_KEY_MISSING, /* no key file has the key that the seed is encrypted with */
    TOTP_NO,          /* the code is wrong */
    TOTP_YES,         /* `step` is set; the database knows whether the step was used */
};

/* Checks the code `digits` against the seed of `row`. `now` is the database's time in seconds since
 * 1970. */
enum totp_match totp_verify(const struct core *core, const struct totp_row *row, struct span digits,
                            int64_t now, int64_t *step);

#endif
