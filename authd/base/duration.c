#include "base/duration.h"

#include <inttypes.h>
#include <stdio.h>

#define SECOND_MS  ((int64_t)1000)
#define DIGITS_MAX 13 /* as many as DURATION_MAX has in milliseconds */

/* From the largest to the smallest. */
static const struct {
    const char *name;
    int64_t ms;
} units[] = {
    {"d", DURATION_DAY *SECOND_MS},
    {"h", 3600 * SECOND_MS},
    {"m", 60 * SECOND_MS},
    {"s", SECOND_MS},
    {"ms", 1},
};

#define UNITS (sizeof(units) / sizeof(units[0]))

/* The number at the start of `text`, which is taken from it; -1: there is none. */
static int64_t take_number(struct span *text)
{
    int64_t number = 0;
    size_t len = 0;

    while (len < text->len && len <= DIGITS_MAX && text->ptr[len] >= '0' && text->ptr[len] <= '9') {
        number = number * 10 + (text->ptr[len++] - '0');
    }
    if (len == 0 || len > DIGITS_MAX || (len > 1 && text->ptr[0] == '0')) {
        return -1;
    }
    *text = (struct span){text->ptr + len, text->len - len};
    return number;
}

/* In milliseconds. The unit has at least `least` milliseconds. */
static bool parse(struct span text, int64_t least, int64_t *ms)
{
    int64_t number = take_number(&text);

    for (size_t i = 0; number >= 0 && i < UNITS && units[i].ms >= least; i++) {
        if (span_is(text, units[i].name) && number <= DURATION_MAX * SECOND_MS / units[i].ms) {
            *ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}

bool duration_parse(struct span text, int64_t *seconds)
{
    int64_t ms;

    if (!parse(text, SECOND_MS, &ms)) {
        return false;
    }
    *seconds = ms / SECOND_MS;
    return true;
}

bool duration_parse_ms(struct span text, int64_t *ms)
{
    return parse(text, 1, ms);
}

char *duration_text(int64_t seconds, char out[static DURATION_SIZE])
{
    size_t i = 0;

    while (units[i].ms > SECOND_MS && seconds * SECOND_MS % units[i].ms != 0) {
        i++;
    }
    snprintf(out, DURATION_SIZE, "%" PRId64 "%s", seconds * SECOND_MS / units[i].ms, units[i].name);
    return out;
}
