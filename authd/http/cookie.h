/* The Cookie header (RFC 6265 section 5.4), read for one name. Pure; fuzzed.
 *
 * Threat: a cookie that an attacker planted beside authd's (another path, a sibling domain). If the
 * header has the name twice, either cookie may be the attacker's, so neither is used. */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "base/span.h"

#define COOKIE_SESSION "__Host-authd" /* the name of the cookie that holds a session */

/* The value of the one cookie of this name; an empty span: there is none, or more than one. Names
 * are compared octet by octet; quotes belong to the value. */
struct span cookie_value(struct span header, const char *name);

#endif
