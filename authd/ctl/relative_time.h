/* Points of time as people read them. These functions are pure. */
#ifndef CTL_RELATIVE_TIME_H
#define CTL_RELATIVE_TIME_H

#include <time.h>

#include "base/buf.h"

/* Prints a time as seen from `now`, in the zone of $TZ: "today 09:12", "yesterday 23:50", "12 days
 * ago", "in 6 days", or the date if the time is more than a year away. */
void time_relative(struct buf *out, time_t at, time_t now);

#define TIME_SOON (14 * 24 * 3600) /* a credential that expires sooner needs attention */

#endif
