#include "http/forwarded.h"

bool forwarded_is_proxy(const struct forwarded_rule *rule, const struct network_address *peer)
{
    for (size_t i = 0; i < rule->count; i++) {
        if (network_contains(&rule->proxies[i], peer)) {
            return true;
        }
    }
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
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
    while (last.len > 0 && is_blank(last.ptr[0])) {
        last.ptr++;
        last.len--;
    }
    while (last.len > 0 && is_blank(last.ptr[last.len - 1])) {
        last.len--;
    }
    return last;
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
