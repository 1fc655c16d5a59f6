/* Any octets as data that authctl displays, and as a time: no crash, and no control sequence
 * reaches the terminal. */
#include <stdint.h>
#include <stdlib.h>
#include <unistr.h>

#include "base/rfc3339.h"
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
    int64_t at;

    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';

    buf_init(&shown, 1 << 20);
    print_escape(&shown, text);
    is_harmless(&shown);
    buf_finish(&shown);

    if (rfc3339_parse(span_of(text), &at)) {
        buf_init(&shown, 64);
        time_relative(&shown, at, 1800000000);
        is_harmless(&shown);
        must(shown.len > 0 && !shown.overflow);
        buf_finish(&shown);
    }
    free(text);
    return 0;
}
