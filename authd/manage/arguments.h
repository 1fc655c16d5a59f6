/* Makes the names in the arguments of a management call canonical before they reach the database.
 * Pure.
 *
 * Threat: a name has two spellings, and a rule knows only one. */
#ifndef MANAGE_ARGUMENTS_H
#define MANAGE_ARGUMENTS_H

#include <jansson.h>
#include <stdbool.h>

#define ARGUMENTS_DETAIL_MAX 512

/* Makes the texts of these members canonical: "user", "login", "address", "addresses", "domain",
 * "domains", "recovery_address", and the same members, except "user", of "changes" and of each
 * object in "rows".
 *
 * A user is a login, "me" (the caller), or digits. Digits stay in "user" as an id; if
 * `default_domain` is set, "user_login" gets the login that the digits would be. "new_domain"
 * becomes "name". A row with an invalid name gets the member "flaw", a sentence, and does not fail
 * the whole call.
 *
 * False: another name is invalid; `detail` says which and why. `default_domain` may be NULL: a
 * login then needs its domain. */
bool arguments_prepare(json_t *arguments, const char *default_domain,
                       char detail[static ARGUMENTS_DETAIL_MAX]);

#endif
