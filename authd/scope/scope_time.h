/* The times of a sending scope: moments (RFC 3339) and windows of the week. Pure. */
#ifndef SCOPE_SCOPE_TIME_H
#define SCOPE_SCOPE_TIME_H

#include "base/span.h"

#define SCOPE_DAY_MINUTES  1440
#define SCOPE_WEEK_MINUTES (7 * SCOPE_DAY_MINUTES)

#define SCOPE_DAYS_SIZE  32 /* "mon,tue,thu,fri,sun" */
#define SCOPE_CLOCK_SIZE 8  /* "24:00" */

/* "2026-12-31T00:00:00Z", as base/rfc3339 reads a time, but in whole seconds and never 0, which
 * stands for an absent one. */
bool scope_moment_parse(struct span text, int64_t *out);

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
