/* Who is at the far end of a chain of proxies. Pure.
 *
 * Threat: a client that writes X-Forwarded-For itself, to look like another or to hide. So a header
 * counts only as far as the machine that wrote it is a trusted proxy: the chain is read from its
 * end, and the first address that is not a trusted proxy's is the client. The client may have
 * written what stands before that address. Forwarded (RFC 7239) names no client here: proxies that
 * add X-Forwarded-For pass a Forwarded on as the client wrote it. */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include "core/network.h"

struct forwarded_rule {
    const struct network *proxies; /* of the listener: trusted_proxies */
    size_t count;
};

/* `peer` is the machine that is connected; `header` has all X-Forwarded-For in their order, joined
 * by commas, or is empty. A garbled entry ends the chain: the trusted proxy that wrote it is the
 * client. */
struct network_address forwarded_client(const struct forwarded_rule *rule,
                                        const struct network_address *peer, struct span header);

/* True: proxies or browsers add this header, so a request that has it did not come straight from a
 * local tool. */
bool forwarded_is_added(struct span name);

/* True: `peer` is a trusted proxy. */
bool forwarded_is_proxy(const struct forwarded_rule *rule, const struct network_address *peer);

#endif
