/* Addresses and networks; the threat is in network.h. The system's own parser is not used: its
 * headers bring sockets with them, and what is decided here does no I/O. Tests compare the two. */
#include "core/network.h"

#include <stdio.h>

#define GROUPS        8
#define ADDRESS_BITS  128
#define MAPPED_BITS   96 /* ::ffff:0:0/96 */
#define MAPPED_OCTETS 12

static const uint8_t mapped_prefix[MAPPED_OCTETS] = {[10] = 0xFF, [11] = 0xFF};

static bool is_mapped(const struct network_address *address)
{
    return memcmp(address->octets, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

/* ---- addresses ----------------------------------------------------------------------------- */

/* Decimal without leading zeros, up to `max`. */
static bool parse_decimal(struct span text, unsigned max, unsigned *out)
{
    unsigned number = 0;

    if (text.len == 0 || text.len > 3 || (text.len > 1 && text.ptr[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        number = number * 10 + (unsigned)(text.ptr[i] - '0');
    }
    *out = number;
    return number <= max;
}

/* The part of `rest` before `separator`, which is taken from it; all of it without one. */
static struct span split_part(struct span *rest, char separator)
{
    const char *end = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    struct span part = {rest->ptr, end != NULL ? (size_t)(end - rest->ptr) : rest->len};
    size_t taken = end != NULL ? part.len + 1 : part.len;

    *rest = (struct span){rest->ptr + taken, rest->len - taken};
    return part;
}

static bool parse_ipv4(struct span text, uint8_t out[static 4])
{
    for (int i = 0; i < 4; i++) {
        unsigned number = 0;
        bool dot = memchr(text.ptr, '.', text.len) != NULL;

        if (dot != (i < 3) || !parse_decimal(split_part(&text, '.'), 255, &number)) {
            return false;
        }
        out[i] = (uint8_t)number;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_group(struct span text, uint8_t out[static 2])
{
    unsigned number = 0;

    if (text.len == 0 || text.len > 4) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.ptr[i]);

        if (digit < 0) {
            return false;
        }
        number = number * 16 + (unsigned)digit;
    }
    out[0] = (uint8_t)(number >> 8);
    out[1] = (uint8_t)number;
    return true;
}

/* Groups with colons between them, at most `max`; the last two may be an IPv4 address. Nothing is
 * no group. Returns their number, or -1. */
static int parse_groups(struct span text, int max, uint8_t *out)
{
    int count = 0;

    while (text.len > 0) {
        bool last = memchr(text.ptr, ':', text.len) == NULL;
        struct span part = split_part(&text, ':');
        bool dotted = last && part.len > 0 && memchr(part.ptr, '.', part.len) != NULL;
        int size = dotted ? 2 : 1;

        if (count + size > max || (!last && text.len == 0) ||
            (dotted ? !parse_ipv4(part, out + (ptrdiff_t)2 * count)
                    : !parse_group(part, out + (ptrdiff_t)2 * count))) {
            return -1;
        }
        count += size;
    }
    return count;
}

static bool parse_ipv6(struct span text, uint8_t out[static 16])
{
    const char *gap = text.len >= 2 ? memmem(text.ptr, text.len, "::", 2) : NULL;
    uint8_t tail[16];

    memset(out, 0, 16);
    if (gap == NULL) {
        return parse_groups(text, GROUPS, out) == GROUPS;
    }
    size_t before = (size_t)(gap - text.ptr);
    struct span head_text = {text.ptr, before};
    struct span tail_text = {gap + 2, text.len - before - 2};

    if (before > 0 && memchr(text.ptr, '.', before) != NULL) {
        return false; // dots only at the end of the whole
    }
    int head = parse_groups(head_text, GROUPS - 1, out);

    if (head < 0) {
        return false;
    }
    int rest = parse_groups(tail_text, GROUPS - 1 - head, tail);

    if (rest < 0) {
        return false;
    }
    memcpy(out + 16 - (ptrdiff_t)2 * rest, tail, (size_t)rest * 2);
    return true;
}

static bool parse_address(struct span text, struct network_address *out)
{
    *out = (struct network_address){.known = true};
    if (text.len > 0 && memchr(text.ptr, ':', text.len) != NULL) {
        out->known = parse_ipv6(text, out->octets);
    } else {
        memcpy(out->octets, mapped_prefix, sizeof(mapped_prefix));
        out->known = text.len > 0 && parse_ipv4(text, out->octets + MAPPED_OCTETS);
    }
    if (!out->known) {
        *out = (struct network_address){0};
    }
    return out->known;
}

bool network_address_parse(struct span text, struct network_address *out)
{
    const char *zone = text.len > 0 ? memchr(text.ptr, '%', text.len) : NULL;

    if (zone != NULL && memchr(text.ptr, ':', (size_t)(zone - text.ptr)) != NULL) {
        text.len = (size_t)(zone - text.ptr);
    }
    return parse_address(text, out);
}

/* The longest run of two or more zero groups, the first of equals; `length` 0: none. */
static int longest_gap(const uint8_t octets[static 16], int *length)
{
    int best = 0;

    *length = 0;
    for (int start = 0; start < GROUPS; start++) {
        int end = start;

        while (end < GROUPS && octets[2 * end] == 0 && octets[2 * end + 1] == 0) {
            end++;
        }
        if (end - start >= 2 && end - start > *length) {
            best = start;
            *length = end - start;
        }
    }
    return best;
}

char *network_address_text(const struct network_address *address,
                           char out[static NETWORK_TEXT_SIZE])
{
    const uint8_t *octets = address->octets;
    int length = 0;
    int gap = longest_gap(octets, &length);
    size_t used = 0;

    out[0] = '\0';
    if (!address->known) {
        return out;
    }
    if (is_mapped(address)) {
        snprintf(out, NETWORK_TEXT_SIZE, "%u.%u.%u.%u", octets[12], octets[13], octets[14],
                 octets[15]);
        return out;
    }
    for (int group = 0; group < GROUPS; group++) {
        if (length > 0 && group == gap) {
            used += (size_t)snprintf(out + used, NETWORK_TEXT_SIZE - used, "::");
            group += length - 1;
            continue;
        }
        bool colon = group > 0 && (length == 0 || group != gap + length);

        used +=
            (size_t)snprintf(out + used, NETWORK_TEXT_SIZE - used, "%s%x", colon ? ":" : "",
                             (unsigned)octets[2 * group] << 8 | (unsigned)octets[2 * group + 1]);
    }
    return out;
}

/* ---- networks ------------------------------------------------------------------------------ */

/* Clears what is behind the prefix; true if something was set there. */
static bool clear_host_bits(struct network *network)
{
    bool set = false;

    for (unsigned bit = network->bits; bit < ADDRESS_BITS; bit++) {
        uint8_t mask = (uint8_t)(0x80u >> (bit % 8));

        set = set || (network->base.octets[bit / 8] & mask) != 0;
        network->base.octets[bit / 8] &= (uint8_t)~mask;
    }
    return set;
}

enum network_error network_parse(struct span text, struct network *out)
{
    const char *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - text.ptr) : text.len;

    *out = (struct network){0};
    if (!parse_address((struct span){text.ptr, len}, &out->base)) {
        return NETWORK_NOT_ADDRESS;
    }
    out->bits = ADDRESS_BITS;
    if (slash == NULL) {
        return NETWORK_OK;
    }
    /* Counted in the family it is written in: ::ffff:192.0.2.0/120 is 192.0.2.0/24. */
    bool dotted = memchr(text.ptr, ':', len) == NULL;
    unsigned width = dotted ? ADDRESS_BITS - MAPPED_BITS : ADDRESS_BITS;
    unsigned prefix = 0;

    if (!parse_decimal((struct span){slash + 1, text.len - len - 1}, width, &prefix)) {
        return NETWORK_BAD_PREFIX;
    }
    out->bits = ADDRESS_BITS - width + prefix;
    return clear_host_bits(out) ? NETWORK_HOST_BITS : NETWORK_OK;
}

static bool network_is_ipv4(const struct network *network)
{
    return network->bits >= MAPPED_BITS && is_mapped(&network->base);
}

char *network_text(const struct network *network, char out[static NETWORK_TEXT_SIZE])
{
    unsigned bits = network->bits - (network_is_ipv4(network) ? MAPPED_BITS : 0);
    size_t len = strlen(network_address_text(&network->base, out));

    snprintf(out + len, NETWORK_TEXT_SIZE - len, "/%u", bits);
    return out;
}

struct network network_around(const struct network_address *address, unsigned bits4, unsigned bits6)
{
    struct network network = {
        .base = *address,
        .bits = is_mapped(address) ? MAPPED_BITS + bits4 : bits6,
    };

    clear_host_bits(&network);
    return network;
}

bool network_contains(const struct network *network, const struct network_address *address)
{
    unsigned whole = network->bits / 8;
    unsigned rest = network->bits % 8;
    uint8_t mask = (uint8_t)(0xFF00u >> rest);

    if (!address->known || network_is_ipv4(network) != is_mapped(address) ||
        memcmp(network->base.octets, address->octets, whole) != 0) {
        return false;
    }
    return rest == 0 || ((network->base.octets[whole] ^ address->octets[whole]) & mask) == 0;
}
