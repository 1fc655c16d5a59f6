/* Replaces a weak or imported password hash after a successful login, when the password is known.
 *
 * An upgrade is not tied to the lifetime of a login: the login is answered first, and the client
 * may be gone. Only a few upgrades run at a time, one per account; any other waits for the user's
 * next login. The database replaces the hash only if the row still has the hash that was
 * verified. */
#ifndef CREDENTIAL_PASSWORD_UPGRADE_H
#define CREDENTIAL_PASSWORD_UPGRADE_H

#include <stdint.h>

#include "base/span.h"

struct core;
struct password_upgrades;

struct password_upgrades *password_upgrades_create(struct core *core);
void password_upgrades_destroy(
    struct password_upgrades *upgrades); /* cancels running upgrades; NULL is allowed */

struct password_upgrade_request {
    int64_t account;
    int64_t cipher_version; /* unchanged, because the password stays the same */
    const char *encrypted;  /* the encrypted hash in the row */
    const char *stored;     /* the decrypted hash */
    struct span password;   /* the password that `stored` matched */
};

/* Starts an upgrade if `stored` is weaker than a new hash would be, and if there is room. Copies
 * the request. */
void password_upgrade_maybe_start(struct password_upgrades *upgrades,
                                  const struct password_upgrade_request *request);

#endif
