/* Verifiers of app passwords and API keys under a pepper that another one has replaced: only when a
 * secret is shown can a new one be made. It is then written a moment later, many at a time. Belongs
 * to nobody's request. */
#ifndef CORE_REKEY_H
#define CORE_REKEY_H

#include <stdint.h>

struct core;
struct rekeys;

struct rekeys *rekeys_create(struct core *core);
/* Gives up what is not written yet. */
void rekeys_destroy(struct rekeys *rekeys); /* NULL is fine */

enum rekey_kind { REKEY_APP_PASSWORD, REKEY_API_KEY };

/* A verifier in place of another one of the same secret; both in hex. Copied. */
struct rekey {
    enum rekey_kind kind;
    int64_t id; /* the app password's or API key's */
    const char *old;
    const char *new;
    const char *key; /* the pepper that `new` is under */
};
void rekey_note(struct rekeys *rekeys, const struct rekey *rekey);

#endif
