#include "credential/claim.h"

#include "base/secret.h"
#include "crypto/password_scheme.h"
#include "crypto/secret_text.h"

static bool has_nul(struct span text)
{
    return text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL;
}

static enum secret_text_shape shape_of(struct span secret)
{
    struct secret_text text;
    enum secret_text_shape shape = secret_text_parse(SECRET_TEXT_APP_PASSWORD, secret, &text);

    secret_wipe(&text, sizeof(text));
    return shape;
}

enum claim_kind claim_classify(const struct claim *claim)
{
    if (claim->authcid.len == 0 || has_nul(claim->authcid) || has_nul(claim->authzid)) {
        return CLAIM_MALFORMED;
    }
    if (claim->secret.len == 0 || claim->secret.len > PASSWORD_MAX || has_nul(claim->secret)) {
        return CLAIM_MALFORMED;
    }
    switch (shape_of(claim->secret)) {
    case SECRET_TEXT_RIGHT:
        return CLAIM_APP_PASSWORD;
    case SECRET_TEXT_MISTYPED:
        return CLAIM_MISTYPED;
    case SECRET_TEXT_OTHER:
        break;
    }
    return CLAIM_PASSWORD;
}

const char *claim_password_flaw(struct span secret)
{
    if (secret.len == 0) {
        return "is empty";
    }
    if (secret.len > PASSWORD_MAX) {
        return "is longer than 1024 octets";
    }
    if (has_nul(secret)) {
        return "contains a NUL octet";
    }
    if (secret.ptr[secret.len - 1] == '$') {
        return "ends in $, which separates a password from a code";
    }
    if (shape_of(secret) != SECRET_TEXT_OTHER) {
        return "has the shape of an app password";
    }
    return NULL;
}
