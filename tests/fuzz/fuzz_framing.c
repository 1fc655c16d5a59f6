/* The octets of a connection: how they are cut into pieces changes neither where a request ends nor
 * whether it is refused, and no request has a line that ends in a bare LF, or a NUL in its head.
 * The first octet of the input is the size of the pieces. */
#include <stdint.h>
#include <stdlib.h>

#include "http/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
    struct framing framing;
    size_t head;
    size_t length;
};

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static struct result read_in_pieces(struct span octets, size_t piece)
{
    struct result result = {0};
    struct framing *framing = &result.framing;
    size_t arrived = 0;

    while (arrived < octets.len && framing->state < FRAMING_WHOLE) {
        arrived = piece < octets.len - arrived ? arrived + piece : octets.len;
        if (framing_in_head(framing)) {
            result.head = framing_head(framing, (struct span){octets.ptr, arrived});
            result.length = result.head;
        }
        if (!framing_in_head(framing) && framing->state < FRAMING_WHOLE) {
            struct span rest = {octets.ptr + result.length, arrived - result.length};

            result.length += framing_body(framing, rest);
            require(framing->state >= FRAMING_WHOLE || result.length == arrived);
        }
    }
    return result;
}

static void check_head(struct span head)
{
    require(memchr(head.ptr, '\0', head.len) == NULL);
    require(head.len > 4 && memcmp(head.ptr + head.len - 4, "\r\n\r\n", 4) == 0);
    for (size_t i = 0; i < head.len; i++) {
        bool after_cr = i > 0 && head.ptr[i - 1] == '\r';

        require((head.ptr[i] == '\n') == after_cr);
        require(!after_cr || i + 1 == head.len ||
                (head.ptr[i + 1] != ' ' && head.ptr[i + 1] != '\t'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct span octets = {(const char *)data + 1, size - 1};
    struct result whole = read_in_pieces(octets, octets.len);
    struct result other = read_in_pieces(octets, (size_t)data[0] + 1);

    require(whole.framing.state == other.framing.state);
    require(whole.framing.problem == other.framing.problem);
    require(whole.length == other.length && whole.head == other.head);
    require((whole.framing.flaw != NULL) == (whole.framing.state == FRAMING_REFUSED));
    if (whole.head > 0) {
        check_head((struct span){octets.ptr, whole.head});
    }
    return 0;
}
