/* Checks the rows of an import and encrypts their hashes before they reach the database. Pure.
 *
 * Threats: a hash that grants access without a password (an empty or a locked one); a hash that
 * costs more than a login may; a cleartext password that would lie in the database. So a row's hash
 * must be one that authd can check within its limits, and a cleartext password is replaced by a
 * digest. A bad row is marked; the other rows are imported. */
#ifndef MANAGE_IMPORT_ROWS_H
#define MANAGE_IMPORT_ROWS_H

#include <jansson.h>

#include "crypto/key.h"

struct core;

/* Addresses and networks of all rows together. Each takes 3 to 15 microseconds, so this many fit
 * into a turn of the loop. */
#define IMPORT_ADDRESSES_MAX 1000

/* `rows` is a list of objects: {line, login, password_hash?, display_name?, recovery_address?,
 * addresses[]?, class?, networks[]?, suspended?}. In a good row, the password_hash (if it has one)
 * can be checked afterwards, "networks" is replaced by "scope", the canonical document, and "note"
 * says what was left out. A bad row gets "flaw", a sentence, and sometimes "hint". Names stay as
 * they are: manage/arguments.h makes them canonical. Passwords in `rows` are wiped. */
void import_prepare(const struct core *core, json_t *rows);

/* The logins of the rows that have a hash; the logins must be canonical already. The caller owns
 * the list. The hash of a row without a login or with a flaw is removed. */
json_t *import_logins(json_t *rows);

/* Encrypts the hashes of the rows. `accounts` is the answer of authd.import_accounts() for
 * import_logins(). Each row with a hash gets "account_id", "account_new", "password_cipher_version"
 * and "imported": the digests of the hash under each pepper, in hex. False: `accounts` has another
 * length than import_logins(). */
bool import_rows_encrypt(const struct core *core, json_t *rows, const json_t *accounts);

enum { IMPORT_HASH_LENGTH = 32 };

/* The digest by which an import recognizes a hash that it imported before. `hash` is the SHA-256 of
 * the stored hash. The digest is keyed: without a key, it would let an attacker guess passwords
 * behind weak hashes. */
void import_rows_digest(const struct key *key, int64_t account,
                        const uint8_t hash[IMPORT_HASH_LENGTH],
                        uint8_t out[static KEYED_HASH_LENGTH]);

#endif
