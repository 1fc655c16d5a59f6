/* An If-Match header of any octets: the list has only tags of the header, each complete. */
#include <stdint.h>
#include <stdlib.h>

#include "http/etag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    const char *list;

    if (etag_condition((struct span){(const char *)data, size}, arena, &list) == ETAG_LIST) {
        size_t len = strlen(list);

        require(strspn(list, "0123456789abcdef,") == len);
        require(len == 0 || (len + 1) % 33 == 0);
        require(len <= size);
    }
    arena_destroy(arena);
    return 0;
}
