#include "http/framing.h"

#include <strings.h>

#define CHUNK_DIGITS_MAX 6

/* True, so that callers can return the result. */
static bool refuse(struct framing *framing, enum problem_type problem, const char *flaw)
{
    framing->state = FRAMING_REFUSED;
    framing->problem = problem;
    framing->flaw = flaw;
    return true;
}

static bool refuse_bad(struct framing *framing, const char *flaw)
{
    return refuse(framing, PROBLEM_BAD_REQUEST, flaw);
}

/* ---- the request line ---------------------------------------------------------------------- */

/* Takes the text before the first blank, and the blank. */
static struct span take_word(struct span *line)
{
    const char *blank = line->len > 0 ? memchr(line->ptr, ' ', line->len) : NULL;
    size_t len = blank != NULL ? (size_t)(blank - line->ptr) : line->len;
    struct span word = {line->ptr, len};

    line->ptr += len;
    line->len -= len;
    if (blank != NULL) {
        line->ptr++;
        line->len--;
    }
    return word;
}

static bool is_visible(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f) {
            return false;
        }
    }
    return text.len > 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* HTTP-version of RFC 9112 section 2.3. */
static bool is_version(struct span text)
{
    return text.len == strlen("HTTP/1.1") && memcmp(text.ptr, "HTTP/", strlen("HTTP/")) == 0 &&
           is_digit(text.ptr[5]) && text.ptr[6] == '.' && is_digit(text.ptr[7]);
}

static void read_request_line(struct framing *framing, struct span line)
{
    struct span method = take_word(&line);
    struct span target = take_word(&line);

    if (!framing_guard_is_token(method)) {
        refuse_bad(framing, "has a method that is not a token");
    } else if (!is_visible(target)) {
        refuse_bad(framing, "has no target of visible ASCII characters");
    } else if (!is_version(line)) {
        refuse_bad(framing, "has no version behind its target and one blank");
    } else if (span_is(line, "HTTP/1.1")) {
        framing->version = "HTTP/1.1";
    } else if (span_is(line, "HTTP/1.0")) {
        framing->version = "HTTP/1.0";
    } else {
        refuse(framing, PROBLEM_VERSION_NOT_SUPPORTED, "is neither HTTP/1.1 nor HTTP/1.0");
    }
}

/* ---- headers ------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Blanks behind a value are part of it, as for libmicrohttpd. */
static struct span without_blanks(struct span value)
{
    while (value.len > 0 && is_blank(value.ptr[0])) {
        value.ptr++;
        value.len--;
    }
    return value;
}

static void read_header(struct framing *framing, struct span line)
{
    const char *colon = memchr(line.ptr, ':', line.len);

    if (is_blank(line.ptr[0])) {
        refuse_bad(framing, "has a folded header, or a blank before a header's name");
        return;
    }
    if (colon == NULL) {
        refuse_bad(framing, "has a header without a colon");
        return;
    }
    if (++framing->headers > FRAMING_HEADERS_MAX) {
        refuse(framing, PROBLEM_HEADERS_TOO_LARGE, "has more than 100 headers");
        return;
    }
    struct span name = {line.ptr, (size_t)(colon - line.ptr)};
    struct span value = {colon + 1, line.len - name.len - 1};

    framing_guard_header(&framing->guard, name, without_blanks(value));
    if (framing->guard.flaw != NULL) {
        refuse_bad(framing, framing->guard.flaw);
    }
}

/* The empty line: all headers are here. */
static void end_headers(struct framing *framing)
{
    struct framing_guard *guard = &framing->guard;

    framing_guard_end(guard, framing->version);
    if (guard->flaw != NULL) {
        refuse_bad(framing, guard->flaw);
    } else if (guard->length == UINT64_MAX) {
        refuse(framing, PROBLEM_TOO_LARGE, "has a Content-Length of more than 18 digits");
    } else if (guard->codings > 0) {
        framing->state = FRAMING_CHUNK_SIZE;
    } else {
        framing->left = guard->length;
        framing->state = guard->length > 0 ? FRAMING_BODY : FRAMING_WHOLE;
    }
}

static void read_line(struct framing *framing, struct span line)
{
    if (framing->state == FRAMING_HEADERS) {
        if (line.len == 0) {
            end_headers(framing);
        } else {
            read_header(framing, line);
        }
    } else if (line.len == 0 && framing->skip == 0) {
        framing->skip = strlen("\r\n");
    } else {
        framing->state = FRAMING_HEADERS;
        read_request_line(framing, line);
    }
}

/* ---- the head ------------------------------------------------------------------------------ */

/* Looks at the octet at `seen`. False: the octet behind it has to come first. */
static bool read_octet(struct framing *framing, struct span octets)
{
    char c = octets.ptr[framing->seen];
    struct span line = {octets.ptr + framing->line, framing->seen - framing->line};

    if (c == '\r') {
        if (framing->seen + 1 == octets.len) {
            return false;
        }
        if (octets.ptr[framing->seen + 1] != '\n') {
            return refuse_bad(framing, "has a CR that no LF follows");
        }
        framing->seen += 2;
        framing->line = framing->seen;
        read_line(framing, line);
        return true;
    }
    if (c == '\n') {
        return refuse_bad(framing, "has a LF that follows no CR");
    }
    if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f) {
        return refuse_bad(framing, "has a NUL or another control character in its headers");
    }
    framing->seen++;
    return true;
}

static void refuse_long(struct framing *framing)
{
    if (framing->state == FRAMING_REQUEST_LINE) {
        refuse(framing, PROBLEM_TARGET_TOO_LONG, "has a request line of more than 16 KiB");
    } else {
        refuse(framing, PROBLEM_HEADERS_TOO_LARGE, "has headers of more than 16 KiB");
    }
}

size_t framing_head(struct framing *framing, struct span octets)
{
    while (framing_in_head(framing) && framing->seen < octets.len && read_octet(framing, octets)) {
        if (framing->seen - framing->skip > FRAMING_HEAD_MAX) {
            refuse_long(framing);
        }
    }
    return framing_in_head(framing) || framing->state == FRAMING_REFUSED ? 0 : framing->seen;
}

/* ---- the body ------------------------------------------------------------------------------ */

/* -1: no digit */
static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    const char *found = memchr(digits, lower, strlen(digits));

    return found != NULL ? (int)(found - digits) : -1;
}

static void read_chunk_size(struct framing *framing, char c)
{
    int digit = hex_digit(c);

    if (c == '\r' && framing->digits > 0) {
        framing->state = FRAMING_CHUNK_SIZE_LF;
    } else if (digit < 0) {
        refuse_bad(framing, "has a chunk size that is not a hexadecimal number alone");
    } else if (++framing->digits > CHUNK_DIGITS_MAX) {
        refuse_bad(framing, "has a chunk size of more than six digits");
    } else {
        framing->left = framing->left * 16 + (uint64_t)digit;
    }
}

static void begin_chunk(struct framing *framing)
{
    framing->digits = 0;
    framing->chunks += framing->left;
    framing->state = framing->left > 0 ? FRAMING_CHUNK_DATA : FRAMING_LAST_CR;
    if (framing->chunks > FRAMING_CHUNKED_MAX) {
        refuse(framing, PROBLEM_TOO_LARGE, "has a body of more than 1048576 octets");
    }
}

/* One octet that is not data. */
static void read_delimiter(struct framing *framing, char c)
{
    static const struct {
        char octet;
        enum framing_state next;
        const char *flaw;
    } delimiters[] = {
        [FRAMING_CHUNK_SIZE_LF] = {'\n', 0, "has a chunk size that does not end in CRLF"},
        [FRAMING_CHUNK_DATA_CR] = {'\r', FRAMING_CHUNK_DATA_LF, "has a chunk without a CRLF"},
        [FRAMING_CHUNK_DATA_LF] = {'\n', FRAMING_CHUNK_SIZE, "has a chunk without a CRLF"},
        [FRAMING_LAST_CR] = {'\r', FRAMING_LAST_LF, "has trailers, or a last chunk without a CRLF"},
        [FRAMING_LAST_LF] = {'\n', FRAMING_WHOLE, "has a last chunk without a CRLF"},
    };
    enum framing_state state = framing->state;

    if (state == FRAMING_CHUNK_SIZE) {
        read_chunk_size(framing, c);
    } else if (c != delimiters[state].octet) {
        refuse_bad(framing, delimiters[state].flaw);
    } else if (state == FRAMING_CHUNK_SIZE_LF) {
        begin_chunk(framing);
    } else {
        framing->state = delimiters[state].next;
    }
}

/* Takes octets of the body or of a chunk; returns how many. */
static size_t take_data(struct framing *framing, size_t len)
{
    size_t taken = len < framing->left ? len : (size_t)framing->left;

    framing->left -= taken;
    if (framing->left == 0) {
        framing->state = framing->state == FRAMING_BODY ? FRAMING_WHOLE : FRAMING_CHUNK_DATA_CR;
    }
    return taken;
}

size_t framing_body(struct framing *framing, struct span octets)
{
    size_t taken = 0;

    while (taken < octets.len && framing->state < FRAMING_WHOLE) {
        if (framing->state == FRAMING_BODY || framing->state == FRAMING_CHUNK_DATA) {
            taken += take_data(framing, octets.len - taken);
            continue;
        }
        read_delimiter(framing, octets.ptr[taken]);
        if (framing->state == FRAMING_REFUSED) {
            break;
        }
        taken++;
    }
    return taken;
}
