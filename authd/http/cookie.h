/* The Cookie header (RFC 6265 section 5.4), read for one name. Pure; fuzzed.
 *
 * Threat: a cookie that an attacker planted beside ours (another path, a sibling domain): when the
 * name stands in the header twice, nobody can tell which cookie is ours, so there is none. */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include "base/span.h"

#define COOKIE_SESSION "__Host-authd" /* the name of the cookie that holds a session */

/* The value of the one cookie of this name; an empty span: there is none, or more than one. Names
 * are compared octet by octet; quotes belong to the value. */
struct span cookie_value(struct span header, const char *name);

#endif
