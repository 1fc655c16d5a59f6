#include "core/clock_watch.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define APART_S    30 /* seconds; one step of a TOTP code */
#define TOGETHER_S 20 /* seconds; lower than APART_S, so that the log does not alternate */
#define REPEAT_MS  (10 * 60 * 1000)

static void say(enum log_level level, const char *event, int64_t seconds)
{
    struct log_line line;

    log_begin(&line, level, event);
    log_number(&line, "seconds", seconds);
    log_end(&line);
}

void clock_watch_compare(struct clock_watch *watch, int64_t database, int64_t host, int64_t ms)
{
    int64_t seconds = database - host;
    int64_t distance = seconds < 0 ? -seconds : seconds;

    if (watch->apart && distance <= TOGETHER_S) {
        watch->apart = false;
        say(LOG_INFO, "clock-together", seconds);
    } else if (distance > APART_S && (!watch->apart || ms - watch->said >= REPEAT_MS)) {
        watch->apart = true;
        watch->said = ms;
        say(LOG_ERROR, "clock-apart", seconds);
    }
}

void clock_watch_add(struct clock_watch *watch, int64_t database)
{
    clock_watch_compare(watch, database, time(NULL), clock_ms());
}
