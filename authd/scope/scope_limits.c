/* Reads the windows of time and the rates of a sending scope. */
#include "base/duration.h"
#include "scope/scope_terms.h"

const char *const scope_count_words[] = {"bytes", "messages", "new_recipients", "recipients", NULL};

/* ---- windows of time ----------------------------------------------------------------------- */

static void read_days(struct json_reader *reader, const json_t *value, void *out)
{
    struct span text;

    if (!json_reader_text(reader, value, &text)) {
        return;
    }
    if (text.len > SCOPE_DAYS_MAX) {
        json_reader_flaw(reader, "has %zu octets: at most %d are allowed", text.len,
                         SCOPE_DAYS_MAX);
    } else if (!scope_days_parse(text, &((struct scope_window *)out)->days)) {
        json_reader_flaw(reader,
                         "is \"%s\", not days of the week: write them like mon-fri or sat,sun",
                         json_reader_quote(reader, text));
    }
}

static void read_clock(struct json_reader *reader, const json_t *value, int *out)
{
    struct span text;

    if (json_reader_text(reader, value, &text) && !scope_clock_parse(text, out)) {
        json_reader_flaw(reader, "is \"%s\", not a time of day: write it like 07:00",
                         json_reader_quote(reader, text));
    }
}

static void read_from(struct json_reader *reader, const json_t *value, void *out)
{
    struct scope_window *window = out;

    read_clock(reader, value, &window->from);
    if (window->from == SCOPE_DAY_MINUTES) {
        json_reader_flaw(reader, "is 24:00: write 00:00 and the next day");
    }
}

static void read_to(struct json_reader *reader, const json_t *value, void *out)
{
    struct scope_window *window = out;

    read_clock(reader, value, &window->to);
}

static void read_window(struct json_reader *reader, const json_t *value, struct scope_window *out)
{
    static const struct member members[] = {
        {"days", true, read_days},
        {"from", true, read_from},
        {"to", true, read_to},
        {0},
    };
    size_t before = reader->flaws->count;

    json_reader_object(reader, value, members, out);
    if (reader->flaws->count == before && out->from == out->to) {
        json_reader_flaw(reader, "begins and ends at the same time: for the whole day write from "
                                 "00:00 to 24:00");
    }
    if (out->to == 0) { // midnight at the end of a window means 24:00
        out->to = SCOPE_DAY_MINUTES;
    }
}

static int compare_windows(const void *a, const void *b)
{
    const struct scope_window *left = a;
    const struct scope_window *right = b;

    if (left->days != right->days) {
        return left->days < right->days ? -1 : 1;
    }
    return left->from != right->from ? left->from - right->from : left->to - right->to;
}

static void read_windows(struct json_reader *reader, const json_t *value, void *out)
{
    struct scope *scope = out;
    size_t count = 0;

    if (!json_reader_list(reader, value, SCOPE_WINDOWS_MAX, &count)) {
        return;
    }
    scope->windows = arena_alloc(reader->arena, count * sizeof(*scope->windows));
    for (size_t i = 0; i < count; i++) {
        size_t mark = json_reader_enter_item(reader, i);

        read_window(reader, json_array_get(value, i), &scope->windows[i]);
        json_reader_leave(reader, mark);
    }
    scope->window_count =
        scope_sort(scope->windows, count, sizeof(*scope->windows), compare_windows);
}

/* Checks the form of the name only: the database knows which time zones exist. */
static void read_tz(struct json_reader *reader, const json_t *value, void *out)
{
    struct span text;

    if (!json_reader_text(reader, value, &text)) {
        return;
    }
    bool shaped = text.len > 0 && text.len <= SCOPE_TZ_MAX;

    for (size_t i = 0; shaped && i < text.len; i++) {
        char c = text.ptr[i];

        shaped = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '/' || c == '_' || c == '-' || c == '+';
    }
    if (!shaped) {
        json_reader_flaw(reader, "is \"%s\", not a time zone: write it like Europe/Berlin or UTC",
                         json_reader_quote(reader, text));
        return;
    }
    ((struct scope *)out)->tz = arena_copy(reader->arena, text);
}

void scope_read_time(struct json_reader *reader, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"tz", true, read_tz},
        {"windows", true, read_windows},
        {0},
    };

    json_reader_object(reader, value, members, out);
}

/* ---- rates --------------------------------------------------------------------------------- */

static void read_count(struct json_reader *reader, const json_t *value, void *out)
{
    unsigned word = 0;

    if (json_reader_word(reader, value, scope_count_words, &word)) {
        ((struct scope_rate *)out)->count = (enum scope_count)word;
    }
}

static void read_n(struct json_reader *reader, const json_t *value, void *out)
{
    json_reader_integer(reader, value, SCOPE_RATE_N_MAX, &((struct scope_rate *)out)->n);
}

static void read_per(struct json_reader *reader, const json_t *value, void *out)
{
    int64_t *per = &((struct scope_rate *)out)->per;
    struct span text;

    if (json_reader_text(reader, value, &text) &&
        (!duration_parse(text, per) || *per == 0 || *per > SCOPE_RATE_PER_MAX)) {
        json_reader_flaw(reader,
                         "is \"%s\", not a duration up to 90d: write it like 30s, 5m, 12h or 7d",
                         json_reader_quote(reader, text));
    }
}

static void read_of(struct json_reader *reader, const json_t *value, void *out)
{
    static const char *const words[] = {"each", "all", NULL};
    unsigned word = 0;

    ((struct scope_rate *)out)->of_all = json_reader_word(reader, value, words, &word) && word == 1;
}

static int compare_rates(const void *a, const void *b)
{
    const struct scope_rate *left = a;
    const struct scope_rate *right = b;

    if (left->count != right->count) {
        return left->count < right->count ? -1 : 1;
    }
    if (left->per != right->per) {
        return left->per < right->per ? -1 : 1;
    }
    return (int)left->of_all - (int)right->of_all;
}

void scope_read_rates(struct json_reader *reader, const json_t *value, void *out)
{
    static const struct member members[] = {
        {"count", true, read_count},
        {"n", true, read_n},
        {"per", true, read_per},
        {"of", false, read_of},
        {0},
    };
    struct scope *scope = out;
    size_t before = reader->flaws->count;
    size_t count = 0;

    if (!json_reader_list(reader, value, SCOPE_RATES_MAX, &count)) {
        return;
    }
    scope->rates = arena_alloc(reader->arena, count * sizeof(*scope->rates));
    for (size_t i = 0; i < count; i++) {
        size_t mark = json_reader_enter_item(reader, i);

        json_reader_object(reader, json_array_get(value, i), members, &scope->rates[i]);
        json_reader_leave(reader, mark);
    }
    scope->rate_count = scope_sort(scope->rates, count, sizeof(*scope->rates), compare_rates);
    if (reader->flaws->count == before && scope->rate_count < count) {
        json_reader_flaw(reader, "limits the same count, per and of twice: keep the smaller n");
    }
}
