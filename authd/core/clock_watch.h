/* Host and database may have different clocks. The database's decides about everything; but phones
 * follow the world's, and who wonders why no code is good should find a line in the log. */
#ifndef CORE_CLOCK_WATCH_H
#define CORE_CLOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed: nothing was said yet. */
struct clock_watch {
    bool apart;
    int64_t said; /* clock_ms(), when the log said so last */
};

/* `database`: its clock, seconds since 1970, as it just answered. */
void clock_watch_note(struct clock_watch *watch, int64_t database);

/* The same, for tests: what the host's clock says, and clock_ms(). */
void clock_watch_compare(struct clock_watch *watch, int64_t database, int64_t host, int64_t ms);

#endif
