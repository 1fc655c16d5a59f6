/* Addresses and networks (CIDR, RFC 4632, RFC 4291). Pure.
 *
 * Threat: one host with two spellings, one of which a list lets in. So every spelling of an IPv4
 * address is kept as IPv4-mapped IPv6 (::ffff:192.0.2.1), and a network of one family never holds
 * an address of the other: ::/0 is all of IPv6 and nothing of IPv4. The parser does not guess: a
 * number with a leading zero is refused (other programs read octal), and a network with bits set
 * behind its prefix is refused with the network that was probably meant. */
#ifndef CORE_NETWORK_H
#define CORE_NETWORK_H

#include "base/span.h"

/* The longest address with its prefix, and a NUL. */
#define NETWORK_TEXT_SIZE 48

struct network_address {
    bool known; /* false: no address, which no network contains; as in a zeroed struct */
    uint8_t octets[16];
};

struct network {
    struct network_address base;
    unsigned bits; /* prefix length in the 128 bits of `base`: 192.0.2.0/24 has 120 */
};

enum network_error {
    NETWORK_OK = 0,
    NETWORK_NOT_ADDRESS,
    NETWORK_BAD_PREFIX, /* the prefix length is no number, or too long for the family */
    NETWORK_HOST_BITS,  /* bits are set behind the prefix; the result is the network without them */
};

/* Parses a numeric address; the zone of a link-local address (fe80::1%eth0) is left out. False: the
 * text is no address, and `out` is zeroed. */
bool network_address_parse(struct span text, struct network_address *out);
/* RFC 5952; IPv4 with dots. "" for no address. Returns `out`. */
char *network_address_text(const struct network_address *address,
                           char out[static NETWORK_TEXT_SIZE]);

/* "192.0.2.0/24", "2001:db8::/32"; an address alone is a network of one address. */
enum network_error network_parse(struct span text, struct network *out);
/* Always with a prefix. Returns `out`. */
char *network_text(const struct network *network, char out[static NETWORK_TEXT_SIZE]);

/* The network that holds the address: its first `bits4` (of 32) or `bits6` (of 128) bits. */
struct network network_around(const struct network_address *address, unsigned bits4,
                              unsigned bits6);

bool network_contains(const struct network *network, const struct network_address *address);

#endif
