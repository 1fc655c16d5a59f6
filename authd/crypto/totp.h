/* One-time codes that follow the clock: RFC 6238, with steps of 30 seconds from 1970. Pure.
 *
 * Threats: time that tells how near a guess was (a check costs the same whatever is shown and
 * whatever would be right); a code that is good for longer than it is shown (the step before the
 * present one is taken, for clocks and fingers that are late, and no earlier one). That a step is
 * used once is the database's to decide. */
#ifndef CRYPTO_TOTP_H
#define CRYPTO_TOTP_H

#include "base/span.h"

enum {
    TOTP_SEED_LENGTH = 20, /* octets, of a new one: RFC 4226, section 4, R6 */
    TOTP_PERIOD = 30,      /* seconds */
    TOTP_DIGITS_MIN = 6,
    TOTP_DIGITS_MAX = 8,
    TOTP_CODE_SIZE = TOTP_DIGITS_MAX + 1,
};

enum totp_algorithm { TOTP_SHA1, TOTP_SHA256, TOTP_SHA512 };

/* "SHA1", "SHA256", "SHA512": as in otpauth:// and in the database. False: another word. */
bool totp_algorithm_of(const char *word, enum totp_algorithm *out);
const char *totp_algorithm_word(enum totp_algorithm algorithm);

struct totp {
    enum totp_algorithm algorithm;
    unsigned digits; /* TOTP_DIGITS_MIN to TOTP_DIGITS_MAX */
    struct span seed;
};

/* The code of a step, NUL-terminated; `step` is not negative. */
void totp_code(const struct totp *totp, int64_t step, char out[static TOTP_CODE_SIZE]);

/* Which step `digits` is the code of: that of `now` (seconds since 1970) or the one before it, and
 * with `ahead` the one after it; the latest of them, if two have the same code. -1: of none. */
int64_t totp_match(const struct totp *totp, struct span digits, int64_t now, bool ahead);

#endif
