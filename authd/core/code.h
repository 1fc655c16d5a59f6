/* What people enter as a second factor: digits from their phone, or a recovery code. Pure; fuzzed.
 *
 * Threat: a text that is read in two ways. Where a code follows a password there is one split, and
 * it is decided by octets alone, before anything is hashed. */
#ifndef CORE_CODE_H
#define CORE_CODE_H

#include "base/span.h"

enum {
    CODE_RECOVERY_LENGTH = 16,     /* letters a-z and digits 2-7: 80 bits */
    CODE_RECOVERY_SHOWN_SIZE = 20, /* xxxx-xxxx-xxxx-xxxx and a NUL */
    CODE_SIZE = 20,
};

enum code_kind {
    CODE_MALFORMED = 0,
    CODE_TOTP,     /* 6 or 8 digits; blanks between them do not count */
    CODE_RECOVERY, /* case, blanks and hyphens do not count */
};

/* Wiped by its owner. */
struct code {
    enum code_kind kind;
    char text[CODE_SIZE]; /* canonical and NUL-terminated; empty: it is malformed */
};

/* A code that stands by itself. */
void code_parse(struct span in, struct code *out);

/* A code right after a password, or after `$`. False: `secret` does not end in `digits` ASCII
 * digits, or has nothing before them; then the views are not set. */
bool code_split(struct span secret, unsigned digits, struct span *password, struct span *code);

#endif
