/* The names in the arguments of a management call, made canonical before they reach the database.
 * Pure.
 *
 * Threat: two spellings of one name, of which a rule knows only one. */
#ifndef CORE_ARGUMENTS_H
#define CORE_ARGUMENTS_H

#include <jansson.h>
#include <stdbool.h>

#define ARGUMENTS_DETAIL_MAX 512

/* Canonical afterwards, wherever they are texts: "login", "address", "addresses", "domain",
 * "domains", "recovery_address", the same members of "changes" and of each object in "rows", and
 * "user". A user is a login, "me" (the caller), or digits, which are an id or, as "user_login"
 * beside it, a login that lacks its domain. "new_domain" becomes "name". A row whose names are not
 * good gets "flaw", a sentence, and stands for itself. False: `detail` names what else is wrong.
 * `default_domain` may be NULL. */
bool arguments_prepare(json_t *arguments, const char *default_domain,
                       char detail[static ARGUMENTS_DETAIL_MAX]);

#endif
