#include "ctl/print.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <unistr.h>

#define WIDE 80

static bool is_control(ucs4_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

/* Characters that make a terminal show text in another order. */
static bool is_bidirectional(ucs4_t c)
{
    return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

void print_escape(struct buf *out, const char *text)
{
    const uint8_t *rest = (const uint8_t *)text;
    ucs4_t c;

    while (*rest != '\0') {
        int len = u8_strmbtouc(&c, rest);

        if (len < 0) { /* not UTF-8 */
            buf_printf(out, "\\x%02x", *rest);
            rest++;
            continue;
        }
        if (c == '\\') {
            buf_append_text(out, "\\\\");
        } else if (is_control(c)) {
            buf_printf(out, "\\x%02x", (unsigned)c);
        } else if (is_bidirectional(c)) {
            buf_printf(out, "\\u{%x}", (unsigned)c);
        } else {
            buf_append(out, rest, (size_t)len);
        }
        rest += len;
    }
}

void print_json(FILE *out, const json_t *json)
{
    json_dumpf(json, out, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
    fputc('\n', out);
}

size_t print_width(FILE *out)
{
    struct winsize size;

    if (!isatty(fileno(out))) {
        return 0;
    }
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col < 20) {
        return WIDE;
    }
    return size.ws_col;
}
