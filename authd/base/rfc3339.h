/* Points of time as text (RFC 3339). Pure.
 *
 * Threat: a text that two programs read as different times. So only forms that
 * every program reads alike are accepted: a time with its offset, in the years 1970 to 9999. A leap
 * second is refused, because PostgreSQL would read the next minute, and so is an offset above
 * 14:59, because no country has one.
 */
#ifndef BASE_RFC3339_H
#define BASE_RFC3339_H

#include "base/span.h"

#define RFC3339_SIZE (sizeof("2026-12-31T00:00:00Z"))

/* "2026-12-31T00:00:00Z" or "2026-12-31T01:00:00.25+01:00", in seconds since 1970; a fraction has
 * up to nine digits and is dropped. False: the text is no such time, and `seconds` is not set. */
bool rfc3339_parse(struct span text, int64_t *seconds);

/* Whole seconds in UTC. Returns `out`, which is empty for a time that rfc3339_parse() would not
 * read. */
char *rfc3339_text(int64_t seconds, char out[static RFC3339_SIZE]);

#endif
