/* Builds log lines. Threat: a login name that forges a line, ends a JSON string, drives a terminal
 * or makes a line unreadable. So every value is escaped here, even if its caller has already
 * checked the value.
 *
 * kv:   time=2026-01-31T12:00:00.000Z level=info event=auth user=alice@example.org text="a \"b\""
 * JSON: {"time":"2026-01-31T12:00:00.000Z","level":"info","event":"auth","text":"a \"b\""}
 *
 * A quote and a backslash get a backslash before them. In kv each octet of an unsafe character is
 * written as \xNN. In JSON an unsafe character is written as \uNNNN, and an octet that is not UTF-8
 * as \\xNN, which a reader decodes to the text \xNN, because JSON cannot express such an octet. */
#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log_writer.h"
#include "base/rfc3339.h"

#define VALUE_MAX 512 /* octets of one escaped value */
/* The longest text that may follow a value: "...", its quote and the end of the line. */
#define TAIL_ROOM (sizeof("...\"}\n") - 1)

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARNING] = "warning",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

/* Both are set before the first thread starts. */
static enum log_level log_level = LOG_INFO;
static enum log_format log_format = LOG_KV;

/* One character of a value: a code point, or one octet that is not UTF-8 (`valid` is false). */
struct character {
    uint32_t code;
    size_t len;
    bool valid;
};

static struct character character_decode(const unsigned char *text, size_t len)
{
    const struct character invalid = {.code = text[0], .len = 1, .valid = false};
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = text[0] < 0x80             ? 1
                  : (text[0] & 0xE0) == 0xC0 ? 2
                  : (text[0] & 0xF0) == 0xE0 ? 3
                  : (text[0] & 0xF8) == 0xF0 ? 4
                                             : 0;
    if (need == 0 || need > len) {
        return invalid;
    }
    uint32_t code = need == 1 ? text[0] : text[0] & (0x7FU >> need);
    for (size_t i = 1; i < need; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return invalid;
        }
        code = code << 6 | (text[i] & 0x3F);
    }
    if (code < smallest[need] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return invalid;
    }
    return (struct character){.code = code, .len = need, .valid = true};
}

/* Would the character break the line, or deceive the person who reads the log? These are controls
 * (C0, DEL, C1), line and paragraph separators, and the marks that reorder or hide text. All are
 * below U+10000. */
static bool character_is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0xAD || code == 0x61C ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

/* Writes the escaped form of one character and returns its length. `out` has room for 16 octets. */
static size_t character_escape(struct character c, const unsigned char *text, char *out)
{
    if (!c.valid) {
        return (size_t)sprintf(out, log_format == LOG_KV ? "\\x%02x" : "\\\\x%02x", text[0]);
    }
    if (c.code == '"' || c.code == '\\') {
        return (size_t)sprintf(out, "\\%c", (char)c.code);
    }
    if (!character_is_unsafe(c.code)) {
        memcpy(out, text, c.len);
        return c.len;
    }
    if (log_format == LOG_JSON) {
        return (size_t)sprintf(out, "\\u%04" PRIx32, c.code);
    }
    size_t used = 0;
    for (size_t i = 0; i < c.len; i++) {
        used += (size_t)sprintf(out + used, "\\x%02x", text[i]);
    }
    return used;
}

static bool value_needs_quotes(struct span value)
{
    if (log_format == LOG_JSON || value.len == 0) {
        return true;
    }
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\') {
            return true;
        }
    }
    return false;
}

static void line_put(struct log_line *line, const char *text, size_t len)
{
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

/* Writes the separator, the key and "=" or ":". False: the line is full and nothing was written. */
static bool line_key(struct log_line *line, const char *key)
{
    char text[64];
    bool first = line->len == 0;
    const char *before = log_format == LOG_JSON ? (first ? "{" : ",") : (first ? "" : " ");
    const char *quote = log_format == LOG_JSON ? "\"" : "";
    const char *after = log_format == LOG_JSON ? ":" : "=";
    int len = snprintf(text, sizeof(text), "%s%s%s%s%s", before, quote, key, quote, after);

    /* The shortest value worth writing: a quote and one escaped character, or a number. */
    const size_t least = 24;
    if (len < 0 || (size_t)len >= sizeof(text) ||
        line->len + (size_t)len + least + TAIL_ROOM > sizeof(line->text)) {
        return false;
    }
    line_put(line, text, (size_t)len);
    return true;
}

static void line_value(struct log_line *line, struct span value)
{
    const unsigned char *text = (const unsigned char *)value.ptr;
    bool quotes = value_needs_quotes(value);
    size_t end = sizeof(line->text) - TAIL_ROOM;
    if (end - line->len > VALUE_MAX) {
        end = line->len + VALUE_MAX;
    }

    if (quotes) {
        line_put(line, "\"", 1);
    }
    for (size_t at = 0; at < value.len;) {
        char escaped[16];
        struct character c = character_decode(text + at, value.len - at);
        size_t len = character_escape(c, text + at, escaped);
        if (line->len + len > end) {
            line_put(line, "...", 3);
            break;
        }
        line_put(line, escaped, len);
        at += c.len;
    }
    if (quotes) {
        line_put(line, "\"", 1);
    }
}

static void line_time(struct log_line *line)
{
    struct timespec now;
    char seconds[RFC3339_SIZE];
    char text[64];

    clock_gettime(CLOCK_REALTIME, &now);
    rfc3339_text(now.tv_sec, seconds);
    /* The milliseconds stand before the Z. */
    snprintf(text, sizeof(text), "%.*s.%03ldZ", (int)strcspn(seconds, "Z"), seconds,
             now.tv_nsec / 1000000);
    log_text(line, "time", text);
}

static void line_open(struct log_line *line, enum log_level level, const char *event)
{
    line->on = true;
    line->len = 0;
    line_time(line);
    log_text(line, "level", level_names[level]);
    log_text(line, "event", event);
}

static bool line_close(struct log_line *line)
{
    const char *end = log_format == LOG_JSON ? "}\n" : "\n";
    line_put(line, end, strlen(end));
    line->on = false;
    return log_writer_put(line->text, line->len);
}

/* Ignores the configured level: the log always says how many of its lines are missing. */
static bool report_dropped(uint64_t lost)
{
    struct log_line line;
    line_open(&line, LOG_WARNING, "dropped");
    log_number(&line, "count", (int64_t)lost);
    return line_close(&line);
}

void log_configure(enum log_level level, enum log_format format)
{
    log_level = level;
    log_format = format;
}

void log_start(void)
{
    log_writer_start(report_dropped);
}

void log_stop(void)
{
    log_writer_stop();
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    line->on = level <= log_level;
    line->len = 0;
    if (line->on) {
        line_open(line, level, event);
    }
}

void log_text(struct log_line *line, const char *key, const char *value)
{
    if (line->on && value != NULL) {
        log_span(line, key, span_of(value));
    }
}

void log_span(struct log_line *line, const char *key, struct span value)
{
    if (line->on && value.ptr != NULL && line_key(line, key)) {
        line_value(line, value);
    }
}

void log_number(struct log_line *line, const char *key, int64_t value)
{
    char text[24];
    if (line->on && line_key(line, key)) {
        int len = snprintf(text, sizeof(text), "%" PRId64, value);
        line_put(line, text, (size_t)len);
    }
}

void log_end(struct log_line *line)
{
    if (line->on) {
        line_close(line);
    }
}

void log_message(enum log_level level, const char *event, const char *format, ...)
{
    struct log_line line;
    log_begin(&line, level, event);
    if (!line.on) {
        return;
    }
    char text[VALUE_MAX + 1]; /* a longer message would be cut anyway */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log_text(&line, "message", text);
    log_end(&line);
}

uint64_t log_dropped(void)
{
    return log_writer_dropped();
}
