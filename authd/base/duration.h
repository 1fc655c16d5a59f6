/* Durations as people write them: a whole number and one unit, "30s", "5m", "12h", "90d". Pure.
 *
 * Nothing is guessed: a number without a unit, a second unit and a leading zero are refused. */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include "base/span.h"

#define DURATION_DAY  ((int64_t)24 * 60 * 60)
#define DURATION_MAX  (36500 * DURATION_DAY) /* in seconds: 100 years */
#define DURATION_SIZE 24

/* In seconds, at most DURATION_MAX. False: the text is no such duration, and `seconds` is not set.
 */
bool duration_parse(struct span text, int64_t *seconds);

/* The same in milliseconds, and with the unit ms: "500ms". */
bool duration_parse_ms(struct span text, int64_t *ms);

/* In the largest unit that leaves no rest: 7200 is "2h". Returns `out`. */
char *duration_text(int64_t seconds, char out[static DURATION_SIZE]);

#endif
