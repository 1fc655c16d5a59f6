#include "base/rfc3339.h"

#include <time.h>

#define LOCAL_LENGTH   (sizeof("2026-12-31T00:00:00") - 1)
#define FRACTION_MAX   9
#define OFFSET_HOURS   14
#define LAST_SECOND    INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define HOUR_SECONDS   3600
#define MINUTE_SECONDS 60

/* Exactly `len` digits at `ptr`; -1: another character is among them. */
static int digits(const char *ptr, int len)
{
    int number = 0;

    for (int i = 0; i < len; i++) {
        if (ptr[i] < '0' || ptr[i] > '9') {
            return -1;
        }
        number = number * 10 + (ptr[i] - '0');
    }
    return number;
}

static bool is_same_time(const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday &&
           a->tm_hour == b->tm_hour && a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* "2026-12-31T00:00:00", as if it were UTC. */
static bool parse_local(const char *text, int64_t *seconds)
{
    const struct tm written = {
        .tm_year = digits(text, 4) - 1900,
        .tm_mon = digits(text + 5, 2) - 1,
        .tm_mday = digits(text + 8, 2),
        .tm_hour = digits(text + 11, 2),
        .tm_min = digits(text + 14, 2),
        .tm_sec = digits(text + 17, 2),
    };
    struct tm normal = written;

    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') ||
        text[13] != ':' || text[16] != ':') {
        return false;
    }
    *seconds = timegm(&normal);
    /* timegm() turns 31 February into 3 March, and the -1 of missing digits into another time. */
    return is_same_time(&normal, &written);
}

/* ".25", taken from `text`. True also if there is no fraction. */
static bool take_fraction(struct span *text)
{
    size_t len = 1;

    if (text->len == 0 || text->ptr[0] != '.') {
        return true;
    }
    while (len < text->len && text->ptr[len] >= '0' && text->ptr[len] <= '9') {
        len++;
    }
    *text = (struct span){text->ptr + len, text->len - len};
    return len > 1 && len <= 1 + FRACTION_MAX;
}

/* "Z" or "+02:00", in seconds east of UTC. */
static bool parse_offset(struct span text, int64_t *seconds)
{
    *seconds = 0;
    if (span_is(text, "Z") || span_is(text, "z")) {
        return true;
    }
    if (text.len != 6 || (text.ptr[0] != '+' && text.ptr[0] != '-') || text.ptr[3] != ':') {
        return false;
    }
    int hours = digits(text.ptr + 1, 2);
    int minutes = digits(text.ptr + 4, 2);

    *seconds = (int64_t)hours * HOUR_SECONDS + (int64_t)minutes * MINUTE_SECONDS;
    if (text.ptr[0] == '-') {
        *seconds = -*seconds;
    }
    return hours >= 0 && hours <= OFFSET_HOURS && minutes >= 0 && minutes <= 59;
}

static bool is_readable(int64_t seconds)
{
    return seconds >= 0 && seconds <= LAST_SECOND;
}

bool rfc3339_parse(struct span text, int64_t *seconds)
{
    int64_t local = 0;
    int64_t offset = 0;

    if (text.len <= LOCAL_LENGTH || !parse_local(text.ptr, &local)) {
        return false;
    }
    text = (struct span){text.ptr + LOCAL_LENGTH, text.len - LOCAL_LENGTH};
    if (!is_readable(local) || !take_fraction(&text) || !parse_offset(text, &offset) ||
        !is_readable(local - offset)) {
        return false;
    }
    *seconds = local - offset;
    return true;
}

char *rfc3339_text(int64_t seconds, char out[static RFC3339_SIZE])
{
    const time_t at = (time_t)seconds;
    struct tm parts;

    out[0] = '\0';
    if (is_readable(seconds) && gmtime_r(&at, &parts) != NULL) {
        strftime(out, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    return out;
}
