#include "ctl/relative_time.h"

#include <stdio.h>

#include "base/duration.h"

/* Returns a number that grows by one each local day. */
static int64_t day_of(const struct tm *local)
{
    struct tm noon = {.tm_year = local->tm_year,
                      .tm_mon = local->tm_mon,
                      .tm_mday = local->tm_mday,
                      .tm_hour = 12};

    return timegm(&noon) / DURATION_DAY;
}

static void print_count(struct buf *out, int64_t count, const char *unit, bool future)
{
    buf_printf(out, "%s%lld %s%s%s", future ? "in " : "", (long long)count, unit,
               count == 1 ? "" : "s", future ? "" : " ago");
}

void time_relative(struct buf *out, time_t at, time_t now)
{
    struct tm then;
    struct tm today;
    char text[32];

    localtime_r(&at, &then);
    localtime_r(&now, &today);

    int64_t days = day_of(&then) - day_of(&today);

    if (days > 366 || days < -366) {
        strftime(text, sizeof(text), "%Y-%m-%d", &then);
        buf_append_text(out, text);
    } else if (days == 0 || days == -1) {
        strftime(text, sizeof(text), days == 0 ? "today %H:%M" : "yesterday %H:%M", &then);
        buf_append_text(out, text);
    } else if (days == 1) {
        strftime(text, sizeof(text), "tomorrow %H:%M", &then);
        buf_append_text(out, text);
    } else {
        print_count(out, days > 0 ? days : -days, "day", days > 0);
    }
}
