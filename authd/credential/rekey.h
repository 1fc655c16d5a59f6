/* Replaces verifiers of app passwords and API keys that were made with an old pepper. A new
 * verifier needs the secret, so it can only be made when a client presents the secret. New
 * verifiers are written a moment later, many at a time. Not tied to a request's lifetime. */
#ifndef CREDENTIAL_REKEY_H
#define CREDENTIAL_REKEY_H

#include <stdint.h>

struct core;
struct rekeys;

struct rekeys *rekeys_create(struct core *core);
/* Drops verifiers that are not written yet. */
void rekeys_destroy(struct rekeys *rekeys); /* NULL is fine */

enum rekey_kind { REKEY_APP_PASSWORD, REKEY_API_KEY };

/* A new verifier of a secret, to be written in place of the old one. Copied by rekey_add(). */
struct rekey {
    enum rekey_kind kind;
    int64_t id;      /* of the app password or API key */
    const char *old; /* hex */
    const char *new; /* hex */
    const char *key; /* the name of the pepper of `new` */
};
void rekey_add(struct rekeys *rekeys, const struct rekey *rekey);

#endif
