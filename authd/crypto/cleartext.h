/* Cleartext passwords in files that other programs made. Pure.
 *
 * Threat: an attacker who reads the table could sign in with the passwords in it. So a cleartext
 * password is turned into a salted digest before it is stored; the next successful login replaces
 * the digest by a strong hash. The salt is a keyed hash of user and password, so the same file
 * always makes the same digests: a second import can tell that nothing has changed, and an attacker
 * without the key learns nothing from equal passwords. */
#ifndef CRYPTO_CLEARTEXT_H
#define CRYPTO_CLEARTEXT_H

#include <authd/plugin.h>

#include "base/span.h"

/* Is `stored` a cleartext password: {PLAIN}, {CLEAR} or {CLEARTEXT}, alone or with .HEX, .B64 or
 * .BASE64? */
bool cleartext_is(struct span stored);

/* Writes the digest of a cleartext password as {SSHA512}. `stored` is a text for which
 * cleartext_is() is true. `key` is the key of the salt. False: the password is not in the encoding
 * that `stored` names, is empty, or is longer than PASSWORD_MAX. */
bool cleartext_digest(struct span stored, const char *login, const uint8_t key[static 32],
                      char out[static AUTHD_HASH_MAX + 1]);

#endif
