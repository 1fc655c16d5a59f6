/* The codes that people enter as a second factor: digits from a phone, or a recovery code. Pure;
 * fuzzed.
 *
 * Threat: a text that can be read in two ways. Where a code follows a password, the text is split
 * in exactly one way, decided by octets alone and before anything is hashed. */
#ifndef CREDENTIAL_FACTOR_CODE_H
#define CREDENTIAL_FACTOR_CODE_H

#include "base/span.h"

enum {
    FACTOR_CODE_RECOVERY_LENGTH = 16, /* letters a-z and digits 2-7: 80 random bits */
    FACTOR_CODE_PRINTABLE_SIZE = 20,  /* xxxx-xxxx-xxxx-xxxx and a NUL */
    FACTOR_CODE_SIZE = 20,            /* longest code and a NUL */
};

enum factor_code_kind {
    FACTOR_CODE_MALFORMED = 0,
    FACTOR_CODE_TOTP,     /* 6 or 8 digits; blanks between them are ignored */
    FACTOR_CODE_RECOVERY, /* a recovery code; case, blanks and hyphens are ignored */
};

/* A parsed code. The owner wipes the struct. */
struct factor_code {
    enum factor_code_kind kind;
    char text[FACTOR_CODE_SIZE]; /* canonical, NUL-terminated; empty if FACTOR_CODE_MALFORMED */
};

/* Parses a code entered in a field of its own. */
void factor_code_parse(struct span in, struct factor_code *out);

/* Splits a password and the code right behind it, or behind a `$`. False: `secret` does not end in
 * `digits` ASCII digits, or has nothing before them; `password` and `code` are then not set. */
bool factor_code_inline(struct span secret, unsigned digits, struct span *password,
                        struct span *code);

#endif
