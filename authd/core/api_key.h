/* API keys: what programs show instead of signing in. apk + 30 characters (crypto/secret_text.h),
 * found by its selector, judged by its keyed hash.
 *
 * Threats: a stolen database (it holds keyed hashes only), a row that is pasted onto another owner
 * (the hash covers kind, id and owner), guessing (check digits tell a slip from a guess without the
 * database; 100 secret bits). */
#ifndef CORE_API_KEY_H
#define CORE_API_KEY_H

#include "core/account.h"

struct api_key_call;
struct caller;

/* Makes a key for the caller: `request` is that of an account call whose arguments lack what this
 * adds. `done` gets the key's object, which has its text as "secret", once: neither a dry run nor
 * an answer that is given again has it. Once, never from inside this call, unless cancelled. */
struct api_key_call *api_key_add(struct core *core, const struct account_request *request,
                                 const struct caller *caller, account_done_f *done, void *arg);
void api_key_cancel(struct api_key_call *call);

/* Who found a row by the selector: its verifier, if `secret` is the right one. False: it is not.
 * `out` are hexadecimal digits. */
struct api_key_row {
    int64_t id;
    int64_t owner; /* 0: the host's */
    const char *verifier;
    const char *key; /* the id of the key file */
};
bool api_key_matches(const struct core *core, const struct api_key_row *row, struct span secret);
/* It is: if the pepper is an old one, the row gets another verifier. */
void api_key_rekey(const struct core *core, const struct api_key_row *row, struct span secret);

#endif
