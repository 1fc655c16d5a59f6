/* Times of a sending scope. Nothing is guessed: what RFC 3339 allows and nobody means (fractions,
 * leap seconds) is refused. */
#include "core/scope_time.h"

#include <stdio.h>

#define DAY_SECONDS 86400

static const char *const day_words[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* Exactly `len` digits at `ptr`; -1: they are none. */
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

/* ---- moments ------------------------------------------------------------------------------- */

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 1970-01-01 to the first of January. */
static int64_t year_start(int year)
{
    int before = year - 1;

    return (int64_t)365 * (year - 1970) + before / 4 - before / 100 + before / 400 -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

/* "2026-12-31T00:00:00" in any zone. */
static bool parse_date_time(const char *text, int64_t *out)
{
    int year = digits(text, 4);
    int month = digits(text + 5, 2);
    int day = digits(text + 8, 2);
    int hour = digits(text + 11, 2);
    int minute = digits(text + 14, 2);
    int second = digits(text + 17, 2);
    bool shaped = text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == 't') &&
                  text[13] == ':' && text[16] == ':';

    if (!shaped || year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > month_days(year, month) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59) {
        return false;
    }
    int64_t days = year_start(year) + day - 1;

    for (int before = 1; before < month; before++) {
        days += month_days(year, before);
    }
    *out = days * DAY_SECONDS + (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return true;
}

/* "Z" or "+02:00", in seconds east. */
static bool parse_offset(struct span text, int64_t *out)
{
    *out = 0;
    if (span_is(text, "Z") || span_is(text, "z")) {
        return true;
    }
    if (text.len != 6 || (text.ptr[0] != '+' && text.ptr[0] != '-') || text.ptr[3] != ':') {
        return false;
    }
    int hours = digits(text.ptr + 1, 2);
    int minutes = digits(text.ptr + 4, 2);

    *out = (int64_t)hours * 3600 + (int64_t)minutes * 60;
    if (text.ptr[0] == '-') {
        *out = -*out;
    }
    return hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59;
}

bool scope_moment_parse(struct span text, int64_t *out)
{
    const size_t local = sizeof("2026-12-31T00:00:00") - 1;
    int64_t moment = 0;
    int64_t offset = 0;

    if (text.len <= local || !parse_date_time(text.ptr, &moment) ||
        !parse_offset((struct span){text.ptr + local, text.len - local}, &offset)) {
        return false;
    }
    moment -= offset;
    *out = moment;
    return moment > 0 && moment < year_start(10000) * DAY_SECONDS;
}

char *scope_moment_text(int64_t moment, char out[static SCOPE_MOMENT_SIZE])
{
    int64_t days = moment / DAY_SECONDS;
    int rest = (int)(moment % DAY_SECONDS);
    int year = 1970 + (int)(days / 366);
    int month = 1;

    while (year_start(year + 1) <= days) {
        year++;
    }
    int day = (int)(days - year_start(year));

    while (day >= month_days(year, month)) {
        day -= month_days(year, month++);
    }
    snprintf(out, SCOPE_MOMENT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day + 1,
             rest / 3600, rest / 60 % 60, rest % 60);
    return out;
}

/* ---- durations ----------------------------------------------------------------------------- */

static const struct {
    char unit;
    int64_t seconds;
} units[] = {{'d', DAY_SECONDS}, {'h', 3600}, {'m', 60}, {'s', 1}};

#define UNITS (sizeof(units) / sizeof(units[0]))

bool scope_duration_parse(struct span text, int64_t max, int64_t *out)
{
    if (text.len < 2 || text.len > 9 || text.ptr[0] == '0') {
        return false;
    }
    int number = digits(text.ptr, (int)text.len - 1);

    for (size_t i = 0; i < UNITS; i++) {
        if (units[i].unit == text.ptr[text.len - 1]) {
            *out = number * units[i].seconds;
            return number > 0 && *out <= max;
        }
    }
    return false;
}

char *scope_duration_text(int64_t seconds, char out[static SCOPE_MOMENT_SIZE])
{
    size_t i = 0;

    while (i + 1 < UNITS && seconds % units[i].seconds != 0) {
        i++;
    }
    snprintf(out, SCOPE_MOMENT_SIZE, "%lld%c", (long long)(seconds / units[i].seconds),
             units[i].unit);
    return out;
}

/* ---- windows ------------------------------------------------------------------------------- */

/* The day at the start of `text`, taken from it; -1: none. */
static int take_day(struct span *text)
{
    for (int day = 0; day < 7 && text->len >= 3; day++) {
        bool same = true;

        for (int i = 0; i < 3; i++) {
            same = same && (text->ptr[i] | 0x20) == day_words[day][i];
        }
        if (same) {
            *text = (struct span){text->ptr + 3, text->len - 3};
            return day;
        }
    }
    return -1;
}

static bool take_character(struct span *text, char c)
{
    if (text->len == 0 || text->ptr[0] != c) {
        return false;
    }
    *text = (struct span){text->ptr + 1, text->len - 1};
    return true;
}

bool scope_days_parse(struct span text, unsigned *out)
{
    *out = 0;
    do {
        int first = take_day(&text);
        int last = first >= 0 && take_character(&text, '-') ? take_day(&text) : first;

        if (first < 0 || last < 0) {
            return false;
        }
        for (int day = first;; day = (day + 1) % 7) {
            *out |= 1u << day;
            if (day == last) {
                break;
            }
        }
    } while (take_character(&text, ','));
    return text.len == 0;
}

char *scope_days_text(unsigned days, char out[static SCOPE_DAYS_SIZE])
{
    size_t len = 0;

    out[0] = '\0';
    for (int first = 0; first < 7; first++) {
        int last = first;

        if ((days & 1u << first) == 0) {
            continue;
        }
        while (last < 6 && (days & 1u << (last + 1)) != 0) {
            last++;
        }
        len += (size_t)snprintf(out + len, SCOPE_DAYS_SIZE - len, "%s%s", len > 0 ? "," : "",
                                day_words[first]);
        if (last - first >= 2) { // two days in a row are a list
            len += (size_t)snprintf(out + len, SCOPE_DAYS_SIZE - len, "-%s", day_words[last]);
            first = last;
        }
    }
    return out;
}

bool scope_clock_parse(struct span text, int *out)
{
    if (text.len != 5 || text.ptr[2] != ':') {
        return false;
    }
    int hour = digits(text.ptr, 2);
    int minute = digits(text.ptr + 3, 2);

    *out = hour * 60 + minute;
    return hour >= 0 && minute >= 0 && minute <= 59 && *out <= SCOPE_DAY_MINUTES;
}

char *scope_clock_text(int minute, char out[static SCOPE_CLOCK_SIZE])
{
    snprintf(out, SCOPE_CLOCK_SIZE, "%02u:%02u", (unsigned)minute / 60 % 100,
             (unsigned)minute % 60);
    return out;
}

bool scope_window_contains(const struct scope_window *window, int minute)
{
    int day = minute / SCOPE_DAY_MINUTES;
    int at = minute % SCOPE_DAY_MINUTES;
    bool today = (window->days & 1u << day) != 0;
    bool yesterday = (window->days & 1u << (day + 6) % 7) != 0;

    if (window->from < window->to) {
        return today && at >= window->from && at < window->to;
    }
    return (today && at >= window->from) || (yesterday && at < window->to);
}
