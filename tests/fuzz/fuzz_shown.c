/* Any octets as data that authctl displays, as a time and as a duration: no crash, no control
 * sequence reaches the terminal, and a printed time reads back as the same time. */
#include <stdint.h>
#include <stdlib.h>
#include <unistr.h>

#include "ctl/duration.h"
#include "ctl/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void is_harmless(const struct buf *shown)
{
    const uint8_t *rest = (const uint8_t *)shown->data;
    size_t left = shown->len;
    ucs4_t c;

    for (int len; left > 0; rest += len, left -= (size_t)len) {
        len = u8_mbtoucr(&c, rest, left);
        must(len > 0 && c >= 0x20 && (c < 0x7f || c > 0x9f));
        must((c < 0x202a || c > 0x202e) && (c < 0x2066 || c > 0x2069));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct buf shown;
    time_t at;
    time_t again;

    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';

    buf_init(&shown, 1 << 20);
    print_escape(&shown, text);
    is_harmless(&shown);
    buf_finish(&shown);

    must(duration_parse(text) >= -1);
    if (time_parse(text, &at)) {
        buf_init(&shown, 64);
        time_relative(&shown, at, 1800000000);
        buf_consume(&shown, shown.len);
        time_print(&shown, at);
        buf_append(&shown, "", 1);
        must(at < -62167219200 || at > 253402300799 ||
             (time_parse(shown.data, &again) && again == at));
        buf_finish(&shown);
    }
    free(text);
    return 0;
}
