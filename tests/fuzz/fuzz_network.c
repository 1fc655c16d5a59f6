/* Any octets as an address and a network: no crash, and the printed form reads back as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "core/network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct network_address address;
    struct network_address same;
    struct network network;
    struct network again;
    char text[NETWORK_TEXT_SIZE];

    if (network_address_parse(in, &address)) {
        must(network_address_parse(span_of(network_address_text(&address, text)), &same));
        must(memcmp(address.octets, same.octets, sizeof(same.octets)) == 0);
    } else {
        must(!address.known);
    }
    enum network_error error = network_parse(in, &network);

    if (error == NETWORK_OK || error == NETWORK_HOST_BITS) {
        must(network_parse(span_of(network_text(&network, text)), &again) == NETWORK_OK);
        must(again.bits == network.bits &&
             memcmp(again.base.octets, network.base.octets, sizeof(again.base.octets)) == 0);
        must(network_contains(&network, &network.base) ||
             (network.bits < 96 && network.base.octets[10] == 0xFF));
    }
    return 0;
}
