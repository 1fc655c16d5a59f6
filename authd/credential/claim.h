/* A claim: the name and the secret that a client presents, before they are checked. Pure; fuzzed.
 *
 * The secret is classified by its octets alone, so that what is looked up, hashed or refused does
 * not depend on the claimed name. */
#ifndef CREDENTIAL_CLAIM_H
#define CREDENTIAL_CLAIM_H

#include "base/span.h"

enum claim_kind {
    CLAIM_MALFORMED = 0, /* empty name or secret, NUL inside, or longer than any password */
    CLAIM_PASSWORD,
    CLAIM_APP_PASSWORD, /* crypto/secret_text.h: never a main password */
    CLAIM_MISTYPED,     /* an app password with wrong check digits, which was never made */
};

struct claim {
    struct span authcid;
    struct span authzid; /* empty: the client asks to act as authcid */
    struct span secret;
};

enum claim_kind claim_classify(const struct claim *claim);

/* What forbids `secret` as a main password, as the end of a sentence ("is empty"); NULL: the secret
 * is allowed. */
const char *claim_password_flaw(struct span secret);

#endif
