/* Compares the clocks of host and database. The database's clock decides about codes and all other
 * validity, while a user's phone follows the real time. If the clocks differ, valid codes are
 * refused, and the log must say why. */
#ifndef CORE_CLOCK_WATCH_H
#define CORE_CLOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* A zeroed struct is a fresh watch. */
struct clock_watch {
    bool apart;   /* the clocks differ, and the log says so */
    int64_t said; /* clock_ms() of the last "clock-apart" line */
};

/* Compares with the host's clock. `database` is the database's clock in seconds since 1970, as just
 * received. Logs "clock-apart" and "clock-together". */
void clock_watch_add(struct clock_watch *watch, int64_t database);

/* As clock_watch_add(), with the host's clock and clock_ms() as arguments, for tests. */
void clock_watch_compare(struct clock_watch *watch, int64_t database, int64_t host, int64_t ms);

#endif
