/* Passwords in clear, as files of other programs have them. Pure.
 *
 * Threat: a table that whoever reads it can sign in with. A password in clear is turned into a
 * salted digest before it is stored; the good login after that makes a strong hash of it. The salt
 * is keyed over user and password, so the same file makes the same digests: a second import can
 * tell that nothing has changed, and who has no key can tell nothing at all. */
#ifndef CRYPTO_CLEAR_H
#define CRYPTO_CLEAR_H

#include <authd/plugin.h>

#include "base/span.h"

/* Is `stored` a password in clear: {PLAIN}, {CLEAR}, {CLEARTEXT}, with .HEX, .B64 or .BASE64? */
bool clear_is(struct span stored);

/* The digest of such a password, as {SSHA512}. `key` has 32 octets. False: not in that encoding,
 * empty or longer than a password may be. */
bool clear_digest(struct span stored, const char *login, const uint8_t key[static 32],
                  char out[static AUTHD_HASH_MAX + 1]);

#endif
