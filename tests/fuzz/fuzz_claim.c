/* A claim of any octets: unless it is malformed, its secret alone decides its kind, and a secret of
 * another kind than a main password could never be set as one. The input is authcid, TAB, authzid,
 * TAB, secret. */
#include <stdint.h>
#include <stdlib.h>

#include "credential/claim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span take(struct span *rest)
{
    const char *tab = rest->len > 0 ? memchr(rest->ptr, '\t', rest->len) : NULL;
    struct span field = {rest->ptr, tab != NULL ? (size_t)(tab - rest->ptr) : rest->len};

    *rest = tab != NULL ? (struct span){tab + 1, rest->len - field.len - 1} : (struct span){0};
    return field;
}

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data, size};
    struct claim claim;

    claim.authcid = take(&rest);
    claim.authzid = take(&rest);
    claim.secret = rest;

    enum claim_kind kind = claim_classify(&claim);
    struct claim other = {.authcid = SPAN_LITERAL("somebody"), .secret = claim.secret};
    enum claim_kind secret_kind = claim_classify(&other);

    require(kind == CLAIM_MALFORMED || kind == secret_kind);
    require(secret_kind == CLAIM_PASSWORD || claim_password_flaw(claim.secret) != NULL);
    return 0;
}
