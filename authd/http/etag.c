#include "http/etag.h"

#define ETAG_LENGTH 32

static void skip_blanks(struct span *text)
{
    while (text->len > 0 && (text->ptr[0] == ' ' || text->ptr[0] == '\t')) {
        text->ptr++;
        text->len--;
    }
}

static void skip(struct span *text, size_t count)
{
    text->ptr += count;
    text->len -= count;
}

static bool is_ours(struct span tag)
{
    for (size_t i = 0; i < tag.len; i++) {
        char c = tag.ptr[i];

        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            return false;
        }
    }
    return tag.len == ETAG_LENGTH;
}

/* etagc: %x21 / %x23-7E / obs-text */
static bool is_tag_octet(unsigned char c)
{
    return c == 0x21 || (c >= 0x23 && c != 0x7f);
}

/* Takes [ "W/" ] DQUOTE *etagc DQUOTE. False: the text begins with something else. */
static bool take_tag(struct span *text, struct span *tag, bool *weak)
{
    *weak = text->len >= 2 && text->ptr[0] == 'W' && text->ptr[1] == '/';
    if (*weak) {
        skip(text, 2);
    }
    if (text->len == 0 || text->ptr[0] != '"') {
        return false;
    }
    skip(text, 1);
    tag->ptr = text->ptr;
    tag->len = 0;
    while (tag->len < text->len && is_tag_octet((unsigned char)tag->ptr[tag->len])) {
        tag->len++;
    }
    if (tag->len == text->len || tag->ptr[tag->len] != '"') {
        return false;
    }
    skip(text, tag->len + 1);
    return true;
}

/* Goes to the next element; a list may have empty elements (RFC 9110 section 5.6.1). False:
 * something else than a comma stands there. */
static bool next_element(struct span *text)
{
    skip_blanks(text);
    if (text->len == 0) {
        return true;
    }
    if (text->ptr[0] != ',') {
        return false;
    }
    while (text->len > 0 && text->ptr[0] == ',') {
        skip(text, 1);
        skip_blanks(text);
    }
    return true;
}

enum etag_result etag_condition(struct span header, struct arena *arena, const char **list)
{
    unsigned count = 0;

    *list = "";
    skip_blanks(&header);
    while (header.len > 0 &&
           (header.ptr[header.len - 1] == ' ' || header.ptr[header.len - 1] == '\t')) {
        header.len--;
    }
    if (span_is(header, "*")) {
        return ETAG_ANY;
    }
    if (header.len > 0 && header.ptr[0] == ',' && !next_element(&header)) {
        return ETAG_MALFORMED;
    }
    while (header.len > 0) {
        struct span tag;
        bool weak;

        if (++count > ETAG_LIST_MAX || !take_tag(&header, &tag, &weak) || !next_element(&header)) {
            return ETAG_MALFORMED;
        }
        if (!weak && is_ours(tag)) {
            *list = arena_printf(arena, "%s%s%.*s", *list, **list != '\0' ? "," : "", (int)tag.len,
                                 tag.ptr);
        }
    }
    return count > 0 ? ETAG_LIST : ETAG_MALFORMED;
}
