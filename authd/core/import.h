/* Rows of an import, checked and sealed before they reach the database. Pure.
 *
 * Threat: a hash that opens a door nobody gave (empty, locked), or that no login could ever afford,
 * and a password in clear that would lie in the database. So a row's hash is one that authd reads
 * within its limits; in clear it becomes a digest. One bad row is marked and stands for itself. */
#ifndef CORE_IMPORT_H
#define CORE_IMPORT_H

#include <jansson.h>

#include "crypto/keyed.h"

struct core;

/* Addresses and networks of all rows together: what a turn of the loop has time for, which they
 * take 3 to 15 microseconds of each. */
#define IMPORT_ADDRESSES_MAX 1000

/* `rows` is a list of objects: {line, login, password_hash?, display_name?, recovery_address?,
 * addresses[]?, class?, networks[]?, suspended?}. Afterwards a row that is good has a
 * password_hash, if any, that can be checked, and "scope", the canonical document of its networks;
 * what was left out of it is said in "note". A bad one has "flaw", a sentence, and perhaps "hint".
 * Names are not looked at: core/arguments.h makes them canonical. Passwords in `rows` are wiped. */
void import_prepare(const struct core *core, json_t *rows);

/* The logins of those rows that have a hash, which are canonical by now; the caller owns the list.
 * A hash without a login, or beside a flaw, is taken away. */
json_t *import_logins(json_t *rows);

/* Seals their hashes: `accounts` is what authd.import_accounts() says of these logins. A row gets
 * "account_id", "account_new", "password_seal" and "imported": the digests of the hash under each
 * pepper, hexadecimal. False: there are not as many. */
bool import_seal(const struct core *core, json_t *rows, const json_t *accounts);

enum { IMPORT_HASH_LENGTH = 32 };

/* Of the SHA-256 of a hash. Keyed: the hash of a weak scheme could be guessed at by any other. */
void import_digest(const struct key *key, int64_t account, const uint8_t hash[IMPORT_HASH_LENGTH],
                   uint8_t out[static KEYED_HASH_LENGTH]);

#endif
