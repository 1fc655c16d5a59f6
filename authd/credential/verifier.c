#include "credential/verifier.h"

#include "base/secret.h"

/* Part of what is hashed: another word makes every stored verifier wrong. */
static const char *const kind_words[VERIFIER_KINDS] = {
    [VERIFIER_APP_PASSWORD] = "app-password",
    [VERIFIER_API_KEY] = "api-key",
};

void verifier_make(const struct key *pepper, const struct verifier_row *row, struct span secret,
                   char out[static KEYED_HASH_HEX_SIZE])
{
    const struct keyed_input input = {kind_words[row->kind], row->id, row->owner, secret};

    keyed_hash_hex(pepper, &input, out);
}

enum verifier_match verifier_match(const struct key_set *peppers, const struct verifier_row *row,
                                   struct span secret)
{
    const struct key *pepper = key_find(peppers, span_of(row->key));
    char verifier[KEYED_HASH_HEX_SIZE];

    if (pepper == NULL) {
        return VERIFIER_KEY_MISSING;
    }
    verifier_make(pepper, row, secret, verifier);

    bool match = secret_equal(span_of(verifier), span_of(row->verifier));

    secret_wipe(verifier, sizeof(verifier));
    return match ? VERIFIER_YES : VERIFIER_NO;
}
