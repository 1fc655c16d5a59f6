/* The times of a sending scope: moments (RFC 3339), durations ("90d"), and windows of the week.
 * Pure. */
#ifndef CORE_SCOPE_TIME_H
#define CORE_SCOPE_TIME_H

#include "base/span.h"

#define SCOPE_DAY_MINUTES  1440
#define SCOPE_WEEK_MINUTES (7 * SCOPE_DAY_MINUTES)

#define SCOPE_MOMENT_SIZE 48 /* "2026-12-31T00:00:00Z", and room for what cannot be */
#define SCOPE_DAYS_SIZE   32 /* "mon,tue,thu,fri,sun" */
#define SCOPE_CLOCK_SIZE  8  /* "24:00" */

/* "2026-12-31T00:00:00Z", also with an offset; years 1970 to 9999, whole seconds. */
bool scope_moment_parse(struct span text, int64_t *out);
char *scope_moment_text(int64_t moment, char out[static SCOPE_MOMENT_SIZE]);

/* "30s", "5m", "12h", "90d", at least 1, at most `max` seconds. */
bool scope_duration_parse(struct span text, int64_t max, int64_t *out);
/* In the largest unit that leaves no rest. */
char *scope_duration_text(int64_t seconds, char out[static SCOPE_MOMENT_SIZE]);

/* A part of each of some days. A window whose `to` is before its `from` ends on the next day. */
struct scope_window {
    unsigned days; /* the days on which the window begins; bit 0 is Monday */
    int from;      /* first minute of the window, counted in its day: 0 to 1439 */
    int to;        /* first minute after the window: 1 to 1440, never equal to `from` */
};

/* "mon-fri", "sat,sun", "fri-mon": bits of the days. */
bool scope_days_parse(struct span text, unsigned *out);
char *scope_days_text(unsigned days, char out[static SCOPE_DAYS_SIZE]);
/* "07:00" to "24:00", as a minute. */
bool scope_clock_parse(struct span text, int *out);
char *scope_clock_text(int minute, char out[static SCOPE_CLOCK_SIZE]);

/* `minute` of the week. */
bool scope_window_contains(const struct scope_window *window, int minute);

#endif
