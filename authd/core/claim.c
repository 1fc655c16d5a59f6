#include "core/claim.h"

#include "crypto/password.h"

#define APP_PASSWORD_PREFIX "apw"
#define APP_PASSWORD_LENGTH 33

/* People type app passwords in groups and in capitals; the shape is what remains without that. */
static bool app_password_shape(struct span secret)
{
    size_t length = 0;

    for (size_t i = 0; i < secret.len; i++) {
        char c = secret.ptr[i];

        if (c == ' ' || c == '-') {
            continue;
        }
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        if (length < sizeof(APP_PASSWORD_PREFIX) - 1) {
            if (c != APP_PASSWORD_PREFIX[length]) {
                return false;
            }
        } else if (!((c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'))) {
            return false;
        }
        length++;
    }
    return length == APP_PASSWORD_LENGTH;
}

static bool has_nul(struct span text)
{
    return text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL;
}

enum claim_kind claim_classify(const struct claim *claim)
{
    if (claim->authcid.len == 0 || has_nul(claim->authcid) || has_nul(claim->authzid)) {
        return CLAIM_MALFORMED;
    }
    if (claim->secret.len == 0 || claim->secret.len > PASSWORD_MAX || has_nul(claim->secret)) {
        return CLAIM_MALFORMED;
    }
    return app_password_shape(claim->secret) ? CLAIM_APP_PASSWORD : CLAIM_PASSWORD;
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
    if (app_password_shape(secret)) {
        return "has the shape of an app password";
    }
    return NULL;
}
