/* Durations and times as people write and read them. These functions are pure. */
#ifndef CTL_DURATION_H
#define CTL_DURATION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/* Returns the seconds of a duration like "30s", "5m", "12h" or "90d", or -1 if the text is no
 * duration or is more than 100 years. */
int64_t duration_parse(const char *text);

/* Reads a time of RFC 3339, with any offset. Fractions of a second are dropped. Returns false if
 * the text is no such time. */
bool time_parse(const char *text, time_t *at);

/* Prints a time as "2027-01-31T00:00:00Z". */
void time_print(struct buf *out, time_t at);

/* Prints a time as seen from `now`, in the zone of $TZ: "today 09:12", "yesterday 23:50", "12 days
 * ago", "in 6 days", or the date if the time is more than a year away. */
void time_relative(struct buf *out, time_t at, time_t now);

#define TIME_SOON (14 * 24 * 3600) /* a credential that expires sooner needs attention */

#endif
