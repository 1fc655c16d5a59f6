#include "scope/scope_time.h"

#include <stdio.h>

#include "base/rfc3339.h"

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

bool scope_moment_parse(struct span text, int64_t *out)
{
    bool fraction = text.len > 0 && memchr(text.ptr, '.', text.len) != NULL;

    return !fraction && rfc3339_parse(text, out) && *out > 0;
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
