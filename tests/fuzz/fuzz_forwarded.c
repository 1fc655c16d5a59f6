/* An X-Forwarded-For header of any octets: without a trusted proxy, the client is the peer; and
 * octets before the entry of a trusted proxy do not change the result. */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "http/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static bool equal(struct network_address a, struct network_address b)
{
    return a.known == b.known && memcmp(a.octets, b.octets, sizeof(a.octets)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    struct span header = {(const char *)data, size};
    const char *appended = arena_printf(arena, "%s, 192.0.2.1", arena_copy(arena, header));
    struct network proxy;
    struct network_address peer, client;
    const struct forwarded_rule none = {0};
    const struct forwarded_rule one = {.proxies = &proxy, .count = 1};

    require(network_parse(SPAN_LITERAL("127.0.0.1"), &proxy) == NETWORK_OK);
    require(network_address_parse(SPAN_LITERAL("127.0.0.1"), &peer));
    require(network_address_parse(SPAN_LITERAL("192.0.2.1"), &client));
    require(equal(forwarded_client(&none, &peer, header), peer));
    forwarded_client(&one, &peer, header);
    require(equal(forwarded_client(&one, &peer, span_of(appended)), client));
    arena_destroy(arena);
    return 0;
}
