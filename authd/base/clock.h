/* Monotonic time, for timers and durations only. What is decided by time is decided by authd.now()
 * in the database. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);

#endif
