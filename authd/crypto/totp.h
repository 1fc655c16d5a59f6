/* One-time codes that depend on the time: RFC 6238, with steps of 30 seconds since 1970. Pure.
 *
 * Threats: time that tells an attacker how near a guess was (a check costs the same for every code
 * presented and every right code); a code that is valid for longer than it is displayed (besides
 * the present step only the step before is accepted, for slow clocks and slow typing, and with
 * `ahead` the step after). The database ensures that each step is used once. */
#ifndef CRYPTO_TOTP_H
#define CRYPTO_TOTP_H

#include "base/span.h"

enum {
    TOTP_SEED_LENGTH = 20, /* octets of a new seed: RFC 4226, section 4, R6 */
    TOTP_PERIOD = 30,      /* seconds */
    TOTP_DIGITS_MIN = 6,
    TOTP_DIGITS_MAX = 8,
    TOTP_CODE_SIZE = TOTP_DIGITS_MAX + 1,
};

enum totp_algorithm { TOTP_SHA1, TOTP_SHA256, TOTP_SHA512 };

/* Reads "SHA1", "SHA256" or "SHA512", the words in otpauth:// and in the database. False: another
 * word. */
bool totp_algorithm_of(const char *word, enum totp_algorithm *out);
const char *totp_algorithm_word(enum totp_algorithm algorithm);

struct totp {
    enum totp_algorithm algorithm;
    unsigned digits;  /* TOTP_DIGITS_MIN to TOTP_DIGITS_MAX */
    struct span seed; /* the shared secret, decoded */
};

/* Writes the code of a step, NUL-terminated. `step` is not negative. */
void totp_code(const struct totp *totp, int64_t step, char out[static TOTP_CODE_SIZE]);

/* Returns the step whose code `digits` is: the step of `now` (seconds since 1970), the step before,
 * or, with `ahead`, the step after. If several match, the latest is returned. -1: none matches. */
int64_t totp_match(const struct totp *totp, struct span digits, int64_t now, bool ahead);

#endif
