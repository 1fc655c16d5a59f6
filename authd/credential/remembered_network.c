#include "credential/remembered_network.h"

static bool is_loopback(const struct network_address *address)
{
    static const char *const texts[] = {"127.0.0.0/8", "::1/128"};
    struct network network;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        network_parse(span_of(texts[i]), &network);
        if (network_contains(&network, address)) {
            return true;
        }
    }
    return false;
}

bool remembered_network_of(const struct factor_remember *rules, const char *client,
                           char out[static NETWORK_TEXT_SIZE])
{
    struct network_address address;

    out[0] = '\0';
    if (rules->seconds == 0 || !network_address_parse(span_of(client), &address) ||
        is_loopback(&address)) {
        return false;
    }
    for (size_t i = 0; i < rules->shared_count; i++) {
        if (network_contains(&rules->shared[i], &address)) {
            return false;
        }
    }

    struct network network = network_around(&address, rules->bits4, rules->bits6);

    network_text(&network, out);
    return true;
}
