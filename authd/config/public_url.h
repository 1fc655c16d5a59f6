/* The URL of the site: read here once, and used in parts everywhere else. */
#ifndef CONFIG_PUBLIC_URL_H
#define CONFIG_PUBLIC_URL_H

#include "base/err.h"
#include "core/public_url.h"

/* "https://HOST[:PORT]", or http with a loopback address or localhost. The text becomes what a
 * browser's Origin has: lower case, no default port, no path. False: `err` says what is wrong and
 * how to write it, as the second half of a sentence that begins with the text. */
bool public_url_read(const char *text, struct public_url *out, struct err *err);
void public_url_finish(struct public_url *url); /* zeroed is fine */

#endif
