/* Verifiers of the secrets that authd itself makes: app passwords and API keys. Pure.
 *
 * A client presents a secret text (crypto/secret_text.h). The database finds a row by its selector.
 * The row's verifier, a keyed hash over kind, row, owner and secret (crypto/key.h), shows whether
 * the secret part is right.
 *
 * Threats: a stolen database, which holds nothing to guess against; a row that is copied to
 * another owner or kind, where its verifier matches no secret; a comparison whose time tells how
 * much of a guess was right, so the comparison takes constant time. */
#ifndef CREDENTIAL_VERIFIER_H
#define CREDENTIAL_VERIFIER_H

#include "crypto/key.h"

enum verifier_kind { VERIFIER_APP_PASSWORD, VERIFIER_API_KEY, VERIFIER_KINDS };

/* A credential as the database stores it. */
struct verifier_row {
    enum verifier_kind kind;
    int64_t id;           /* id of the row */
    int64_t owner;        /* id of the account; 0: the host */
    const char *verifier; /* hexadecimal */
    const char *key;      /* the id of the pepper that made the verifier */
};

enum verifier_match { VERIFIER_NO = 0, VERIFIER_YES, VERIFIER_KEY_MISSING };

/* Whether `verifier` is the one of `secret` in this row. */
enum verifier_match verifier_match(const struct key_set *peppers, const struct verifier_row *row,
                                   struct span secret);

/* Writes the verifier of `secret` under `pepper`. Reads only kind, id and owner of the row. */
void verifier_make(const struct key *pepper, const struct verifier_row *row, struct span secret,
                   char out[static KEYED_HASH_HEX_SIZE]);

#endif
