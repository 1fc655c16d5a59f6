/* Monotonic time, for timers and durations only. Decisions that depend on the time of day use
 * authd.now() of the database. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void); /* milliseconds since an arbitrary start */

#endif
