/* Spans and points of time as people write and read them. Pure. */
#ifndef CTL_DURATION_H
#define CTL_DURATION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/* "30s", "5m", "12h", "90d" in seconds; -1: it is none of these, or more than 100 years. */
int64_t duration_parse(const char *text);

/* RFC 3339, with any offset; fractions of a second are dropped. False: it is none. */
bool time_parse(const char *text, time_t *at);

/* "2027-01-31T00:00:00Z" */
void time_print(struct buf *out, time_t at);

/* As seen from `now`, in the zone of $TZ: "today 09:12", "yesterday 23:50", "12 days ago",
 * "in 6 days", and the date what is more than a year away. */
void time_relative(struct buf *out, time_t at, time_t now);

#define TIME_SOON (14 * 24 * 3600) /* what expires sooner needs somebody's attention */

#endif
