/* A claim: what a client says and shows, before anyone believes it. Pure; fuzzed.
 *
 * The secret is classified by its octets alone, so that what is looked up, hashed or refused does
 * not depend on who the client says it is. */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include "base/span.h"

enum claim_kind {
    CLAIM_MALFORMED = 0, /* empty name or secret, NUL inside, or longer than any password */
    CLAIM_PASSWORD,
    CLAIM_APP_PASSWORD, /* crypto/secret_text.h: never a main password */
    CLAIM_MISTYPED,     /* one whose check digits are wrong: no such app password was ever made */
};

struct claim {
    struct span authcid;
    struct span authzid; /* empty: same as authcid */
    struct span secret;
};

enum claim_kind claim_classify(const struct claim *claim);

/* What forbids `secret` as a main password, as the end of a sentence ("is empty"); NULL: nothing.
 */
const char *claim_password_flaw(struct span secret);

#endif
