/* A scope document in few words, for a column. `scope get` and `app-password show` print the
 * document itself. */
#include <string.h>

#include "ctl/value.h"

static void begin(struct buf *out)
{
    buf_append_text(out, out->len > 0 ? ", " : "");
}

static void print_texts(struct buf *out, const char *word, const json_t *list)
{
    size_t i;
    json_t *item;

    if (!json_is_array(list)) {
        return;
    }
    begin(out);
    buf_append_text(out, word);
    json_array_foreach((json_t *)list, i, item)
    {
        buf_printf(out, "%s%s", i > 0 || word[0] != '\0' ? " " : "",
                   json_is_string(item) ? json_string_value(item) : "?");
    }
    if (json_array_size(list) == 0) {
        buf_append_text(out, " nobody");
    }
}

/* Octets, in the largest unit that is exact. */
static void print_size(struct buf *out, json_int_t octets)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB"};
    size_t unit = 0;

    while (unit < 3 && octets > 0 && octets % 1024 == 0) {
        octets /= 1024;
        unit++;
    }
    begin(out);
    buf_printf(out, "at most %" JSON_INTEGER_FORMAT "%s%s", octets, unit > 0 ? " " : " octets",
               units[unit]);
}

static void print_windows(struct buf *out, const json_t *time)
{
    const json_t *windows = json_object_get(time, "windows");
    size_t i;
    json_t *window;

    json_array_foreach((json_t *)windows, i, window)
    {
        const char *days = "";
        const char *from = "";
        const char *to = "";

        json_unpack(window, "{s?s, s?s, s?s}", "days", &days, "from", &from, "to", &to);
        begin(out);
        buf_printf(out, "%s %s-%s", days, from, to);
    }
}

static void print_rates(struct buf *out, const json_t *rates)
{
    size_t i;
    json_t *rate;

    json_array_foreach((json_t *)rates, i, rate)
    {
        const char *count = "";
        const char *per = "";
        json_int_t n = 0;

        json_unpack(rate, "{s?s, s?I, s?s}", "count", &count, "n", &n, "per", &per);
        begin(out);
        buf_printf(out, "%" JSON_INTEGER_FORMAT " ", n);
        for (const char *c = count; *c != '\0'; c++) {
            buf_append(out, *c == '_' ? " " : c, 1);
        }
        buf_printf(out, "/%s", per);
    }
}

static void print_limits(struct buf *out, const json_t *document)
{
    const json_t *size = json_object_get(document, "max_size");
    const json_t *recipients = json_object_get(document, "max_recipients");
    const char *expires = json_string_value(json_object_get(document, "expires"));
    const char *not_before = json_string_value(json_object_get(document, "not_before"));

    if (json_is_integer(size)) {
        print_size(out, json_integer_value(size));
    }
    if (json_is_integer(recipients)) {
        begin(out);
        buf_printf(out, "%" JSON_INTEGER_FORMAT " recipients", json_integer_value(recipients));
    }
    if (not_before != NULL) {
        begin(out);
        buf_printf(out, "from %s on", not_before);
    }
    if (expires != NULL) {
        begin(out);
        buf_printf(out, "until %s", expires);
    }
}

void rules_print(struct buf *out, const json_t *document)
{
    static const struct {
        const char *word;
        const char *term;
        const char *list; /* the list within the term; NULL: the term is the list */
    } lists[] = {
        {"from", "envelope_from", "allow"}, {"header from", "header_from", "allow"},
        {"to", "recipients", "allow"},      {"not to", "recipients", "deny"},
        {"net", "networks", "allow"},       {"not net", "networks", "deny"},
        {"by", "mechanisms", NULL},         {"for", "services", NULL},
    };
    const char *mode = json_string_value(json_object_get(document, "mode"));

    if (mode != NULL && strcmp(mode, "monitor") == 0) {
        buf_append_text(out, "only monitored");
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const json_t *term = json_object_get(document, lists[i].term);

        print_texts(out, lists[i].word,
                    lists[i].list != NULL ? json_object_get(term, lists[i].list) : term);
    }
    if (json_is_true(json_object_get(json_object_get(document, "tls"), "required"))) {
        begin(out);
        buf_append_text(out, "TLS");
    }
    print_windows(out, json_object_get(document, "time"));
    print_limits(out, document);
    print_rates(out, json_object_get(document, "rates"));
}
