/* A Cookie header of any octets: a found cookie lies within the header, has no separator, and is
 * the only cookie of its name. */
#include <stdint.h>
#include <stdlib.h>

#include "http/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span header = {(const char *)data, size};
    struct span value = cookie_value(header, "__Host-authd");

    if (value.len > 0) {
        require(value.ptr >= header.ptr && value.ptr + value.len <= header.ptr + header.len);
        require(memchr(value.ptr, ';', value.len) == NULL);
    }
    return 0;
}
