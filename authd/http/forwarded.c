#include "http/forwarded.h"

#include <strings.h>

bool forwarded_is_proxy(const struct forwarded_rule *rule, const struct network_address *peer)
{
    for (size_t i = 0; i < rule->count; i++) {
        if (network_contains(&rule->proxies[i], peer)) {
            return true;
        }
    }
    return false;
}

/* Takes the last element of a list, without the blanks around it. */
static struct span take_last(struct span *list)
{
    size_t start = list->len;

    while (start > 0 && list->ptr[start - 1] != ',') {
        start--;
    }
    struct span last = {list->ptr + start, list->len - start};

    list->len = start > 0 ? start - 1 : 0;
    return span_trim(last);
}

/* The address alone: some proxies add the port, and brackets around IPv6. */
static struct span without_port(struct span text)
{
    const char *colon = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
    const char *bracket = text.len > 0 ? memchr(text.ptr, ']', text.len) : NULL;

    if (text.len > 0 && text.ptr[0] == '[' && bracket != NULL) {
        return (struct span){text.ptr + 1, (size_t)(bracket - text.ptr) - 1};
    }
    if (colon != NULL && memchr(text.ptr, '.', (size_t)(colon - text.ptr)) != NULL) {
        return (struct span){text.ptr, (size_t)(colon - text.ptr)};
    }
    return text;
}

struct network_address forwarded_client(const struct forwarded_rule *rule,
                                        const struct network_address *peer, struct span header)
{
    struct network_address client = *peer;

    while (header.len > 0 && forwarded_is_proxy(rule, &client)) {
        struct network_address before;

        if (!network_address_parse(without_port(take_last(&header)), &before)) {
            break;
        }
        client = before;
    }
    return client;
}

static bool name_is(struct span name, const char *word)
{
    return name.len == strlen(word) && strncasecmp(name.ptr, word, name.len) == 0;
}

static bool name_begins(struct span name, const char *prefix)
{
    size_t len = strlen(prefix);

    return name.len >= len && strncasecmp(name.ptr, prefix, len) == 0;
}

bool forwarded_is_added(struct span name)
{
    static const char *const words[] = {"Forwarded",   "Via",    "X-Real-IP",
                                        "X-Client-IP", "Origin", "Cookie"};
    static const char *const prefixes[] = {"X-Forwarded-", "Sec-Fetch-"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (name_is(name, words[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (name_begins(name, prefixes[i])) {
            return true;
        }
    }
    return false;
}
