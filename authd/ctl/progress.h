/* Shows the progress of long work in one line on stderr, which each update overwrites. The line
 * appears on a terminal only, and only after half a second. */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct progress {
    const char *what; /* what is being done: "importing" */
    int64_t began;    /* the time of the start, by clock_ms() */
    int64_t displayed;
    bool terminal;
    bool visible;
};

void progress_begin(struct progress *progress, const char *what);
/* Shows the progress; a `total` of 0 is unknown. This function is cheap to call often: it writes at
 * most five times a second. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total);
/* Removes the line. The caller calls this function before it writes anything else. */
void progress_end(struct progress *progress);

/* Prints "importing  41,200 / 100,000  6,870/s  8 s left". */
void progress_print(struct buf *out, const char *what, uint64_t done, uint64_t total, int64_t ms);

#endif
