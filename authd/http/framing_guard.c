#include "http/framing_guard.h"

#include <strings.h>

#define LENGTH_DIGITS_MAX 18

bool framing_guard_is_token(struct span text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!alphanumeric && memchr(others, c, sizeof(others) - 1) == NULL) {
            return false;
        }
    }
    return text.len > 0;
}

static bool name_is(struct span name, const char *word)
{
    return name.len == strlen(word) && strncasecmp(name.ptr, word, name.len) == 0;
}

static bool is_number(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

static uint64_t number_of(struct span text)
{
    uint64_t number = 0;

    if (text.len > LENGTH_DIGITS_MAX) {
        return UINT64_MAX;
    }
    for (size_t i = 0; i < text.len; i++) {
        number = number * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    return number;
}

static void flaw(struct framing_guard *guard, bool found, const char *text)
{
    if (found && guard->flaw == NULL) {
        guard->flaw = text;
    }
}

void framing_guard_header(struct framing_guard *guard, struct span name, struct span value)
{
    bool nul = value.len > 0 && memchr(value.ptr, '\0', value.len) != NULL;

    flaw(guard, !framing_guard_is_token(name), "has a header whose name is not a token");
    flaw(guard, nul, "has a NUL in a header");
    if (name_is(name, "Content-Length")) {
        guard->lengths++;
        guard->length = is_number(value) ? number_of(value) : 0;
        flaw(guard, !is_number(value), "has a Content-Length that is not a number");
    } else if (name_is(name, "Transfer-Encoding")) {
        guard->codings++;
        flaw(guard, !name_is(value, "chunked"), "has a Transfer-Encoding other than chunked");
    } else if (name_is(name, "Host")) {
        guard->hosts++;
    } else if (name_is(name, "Content-Type")) {
        guard->types++;
    } else if (name_is(name, "Authorization") || name_is(name, "Cookie")) {
        guard->credentials++;
    }
}

void framing_guard_end(struct framing_guard *guard, const char *version)
{
    bool old = strcmp(version, "HTTP/1.0") == 0;

    flaw(guard, !old && strcmp(version, "HTTP/1.1") != 0, "is neither HTTP/1.1 nor HTTP/1.0");
    flaw(guard, old && guard->codings > 0, "has a Transfer-Encoding, which HTTP/1.0 has not");
    flaw(guard, !old && guard->hosts == 0, "has no Host");
    flaw(guard, guard->lengths > 1, "has more than one Content-Length");
    flaw(guard, guard->codings > 1, "has more than one Transfer-Encoding");
    flaw(guard, guard->lengths > 0 && guard->codings > 0,
         "has both Content-Length and Transfer-Encoding");
    flaw(guard, guard->hosts > 1, "has more than one Host");
    flaw(guard, guard->types > 1, "has more than one Content-Type");
    flaw(guard, guard->credentials > 1, "has more than one Authorization or Cookie");
}
