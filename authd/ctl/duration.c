#include "ctl/duration.h"

#include <stdio.h>
#include <string.h>

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define YEAR   (365 * DAY)

#define DURATION_MAX (100LL * YEAR)

int64_t duration_parse(const char *text)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', MINUTE}, {'h', HOUR}, {'d', DAY}};
    int64_t number = 0;
    const char *c = text;

    for (; *c >= '0' && *c <= '9' && number <= DURATION_MAX; c++) {
        number = number * 10 + (*c - '0');
    }
    if (c == text || c[0] == '\0' || c[1] != '\0') {
        return -1;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].letter == *c) {
            return number <= DURATION_MAX / units[i].seconds ? number * units[i].seconds : -1;
        }
    }
    return -1;
}

/* ---- times --------------------------------------------------------------------------------- */

/* Reads exactly `count` digits. */
static bool digits(const char **text, int count, int *number)
{
    *number = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9') {
            return false;
        }
        *number = *number * 10 + (**text - '0');
    }
    return true;
}

static bool literal(const char **text, char a, char b)
{
    if (**text != a && **text != b) {
        return false;
    }
    (*text)++;
    return true;
}

/* Reads "Z" or an offset like "+01:00", up to the end of the text. */
static bool parse_offset(const char *text, int *seconds)
{
    int hours;
    int minutes;
    bool west = *text == '-';

    *seconds = 0;
    if (literal(&text, 'Z', 'z')) {
        return *text == '\0';
    }
    if (!literal(&text, '+', '-') || !digits(&text, 2, &hours) || !literal(&text, ':', ':') ||
        !digits(&text, 2, &minutes) || *text != '\0' || hours > 23 || minutes > 59) {
        return false;
    }
    *seconds = (hours * HOUR + minutes * MINUTE) * (west ? -1 : 1);
    return true;
}

bool time_parse(const char *text, time_t *at)
{
    struct tm tm = {0};
    int offset;

    if (!digits(&text, 4, &tm.tm_year) || !literal(&text, '-', '-') ||
        !digits(&text, 2, &tm.tm_mon) || !literal(&text, '-', '-') ||
        !digits(&text, 2, &tm.tm_mday) || !literal(&text, 'T', 't') ||
        !digits(&text, 2, &tm.tm_hour) || !literal(&text, ':', ':') ||
        !digits(&text, 2, &tm.tm_min) || !literal(&text, ':', ':') ||
        !digits(&text, 2, &tm.tm_sec)) {
        return false;
    }
    if (*text == '.') {
        size_t fraction = strspn(text + 1, "0123456789");

        if (fraction == 0) {
            return false;
        }
        text += fraction + 1;
    }
    if (!parse_offset(text, &offset) || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;

    struct tm normal = tm;

    *at = timegm(&normal) - offset;
    /* timegm() turns 31 February into a day in March, which is refused. It also turns a leap second
     * into the next minute, which is accepted. */
    return tm.tm_sec == 60 || (normal.tm_mon == tm.tm_mon && normal.tm_mday == tm.tm_mday);
}

void time_print(struct buf *out, time_t at)
{
    struct tm tm;

    gmtime_r(&at, &tm);
    buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
               tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Returns a number that grows by one each local day. */
static int64_t day_of(const struct tm *local)
{
    struct tm noon = {.tm_year = local->tm_year,
                      .tm_mon = local->tm_mon,
                      .tm_mday = local->tm_mday,
                      .tm_hour = 12};

    return timegm(&noon) / DAY;
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
        buf_text(out, text);
    } else if (days == 0 || days == -1) {
        strftime(text, sizeof(text), days == 0 ? "today %H:%M" : "yesterday %H:%M", &then);
        buf_text(out, text);
    } else if (days == 1) {
        strftime(text, sizeof(text), "tomorrow %H:%M", &then);
        buf_text(out, text);
    } else {
        print_count(out, days > 0 ? days : -days, "day", days > 0);
    }
}
