/* Any octets as data that authctl displays, and as a time: no crash, and no control sequence
 * reaches the terminal. */
#include <stdint.h>
#include <stdlib.h>
#include <unistr.h>

#include "base/rfc3339.h"
#include "ctl/print.h"
#include "ctl/relative_time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void is_harmless(const struct buf *printed)
{
    const uint8_t *rest = (const uint8_t *)printed->data;
    size_t left = printed->len;
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
    struct buf printed;
    int64_t at;

    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';

    buf_init(&printed, 1 << 20);
    print_escape(&printed, text);
    is_harmless(&printed);
    buf_finish(&printed);

    if (rfc3339_parse(span_of(text), &at)) {
        buf_init(&printed, 64);
        time_relative(&printed, at, 1800000000);
        is_harmless(&printed);
        must(printed.len > 0 && !printed.overflow);
        buf_finish(&printed);
    }
    free(text);
    return 0;
}
