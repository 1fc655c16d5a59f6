/* How far long work is: one line on stderr that is written over, on a terminal only, and only when
 * it takes more than half a second. */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct progress {
    const char *what; /* "importing" */
    int64_t began;    /* of base/clock.h */
    int64_t shown;
    bool terminal;
    bool visible;
};

void progress_begin(struct progress *progress, const char *what);
/* `total` 0: unknown. Cheap: it writes five times a second at most. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total);
/* Takes the line away. Call it before anything else is written. */
void progress_end(struct progress *progress);

/* "importing  41,200 / 100,000  6,870/s  8 s left" */
void progress_print(struct buf *out, const char *what, uint64_t done, uint64_t total, int64_t ms);

#endif
