/* Addresses and networks; the threat is in network.h. <arpa/inet.h> is here for inet_pton() and
 * inet_ntop() only, which do no I/O. */
#include "core/network.h"

#include <stdio.h>

#include <arpa/inet.h>

#define ADDRESS_BITS  128
#define MAPPED_BITS   96 /* ::ffff:0:0/96 */
#define MAPPED_OCTETS 12

static const uint8_t mapped_prefix[MAPPED_OCTETS] = {[10] = 0xFF, [11] = 0xFF};

static bool is_mapped(const struct network_address *address)
{
    return memcmp(address->octets, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

/* ---- addresses ----------------------------------------------------------------------------- */

static bool has_character(struct span text, char c)
{
    return text.len > 0 && memchr(text.ptr, c, text.len) != NULL;
}

static bool parse_address(struct span text, struct network_address *out)
{
    char copy[INET6_ADDRSTRLEN];

    *out = (struct network_address){0};
    if (text.len >= sizeof(copy) || has_character(text, '\0')) {
        return false;
    }
    span_text(text, copy, sizeof(copy));
    if (has_character(text, ':')) {
        out->known = inet_pton(AF_INET6, copy, out->octets) == 1;
    } else if (inet_pton(AF_INET, copy, out->octets + MAPPED_OCTETS) == 1) {
        memcpy(out->octets, mapped_prefix, sizeof(mapped_prefix));
        out->known = true;
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

/* An IPv4-compatible address, ::c000:201, which inet_ntop() would write as ::192.0.2.1. These
 * addresses are deprecated (RFC 4291 section 2.5.5.1), and RFC 5952 section 5 recommends dots only
 * where the prefix says that an IPv4 address follows. */
static bool is_compatible(const struct network_address *address)
{
    static const uint8_t zeros[MAPPED_OCTETS];

    return memcmp(address->octets, zeros, sizeof(zeros)) == 0 &&
           (address->octets[12] != 0 || address->octets[13] != 0);
}

char *network_address_text(const struct network_address *address,
                           char out[static NETWORK_TEXT_SIZE])
{
    const uint8_t *octets = address->octets;

    if (!address->known) {
        out[0] = '\0';
    } else if (is_mapped(address)) {
        inet_ntop(AF_INET, octets + MAPPED_OCTETS, out, NETWORK_TEXT_SIZE);
    } else if (is_compatible(address)) {
        snprintf(out, NETWORK_TEXT_SIZE, "::%x:%x", (unsigned)octets[12] << 8 | octets[13],
                 (unsigned)octets[14] << 8 | octets[15]);
    } else {
        inet_ntop(AF_INET6, octets, out, NETWORK_TEXT_SIZE);
    }
    return out;
}

/* ---- networks ------------------------------------------------------------------------------ */

/* Decimal digits without leading zeros, up to `max`. */
static bool parse_prefix(struct span text, unsigned max, unsigned *out)
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
    /* A prefix counts bits of the family that the address is written in: ::ffff:192.0.2.0/120 is
     * 192.0.2.0/24. */
    bool dotted = memchr(text.ptr, ':', len) == NULL;
    unsigned width = dotted ? ADDRESS_BITS - MAPPED_BITS : ADDRESS_BITS;
    unsigned prefix = 0;

    if (!parse_prefix((struct span){slash + 1, text.len - len - 1}, width, &prefix)) {
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
