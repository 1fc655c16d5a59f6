/* A request body of any octets becomes an object of bounded depth, or is refused with a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "http/request_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static unsigned depth_of(const json_t *value)
{
    unsigned deepest = 0;
    const char *name;
    json_t *item;
    size_t index;

    if (!json_is_object(value) && !json_is_array(value)) {
        return 0;
    }
    json_object_foreach((json_t *)value, name, item)
    {
        unsigned depth = depth_of(item);

        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach((json_t *)value, index, item)
    {
        unsigned depth = depth_of(item);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    const char *flaw = NULL;
    json_t *body = request_body_parse((struct span){(const char *)data, size}, arena, &flaw);

    require((body == NULL) == (flaw != NULL));
    if (body != NULL) {
        require(json_is_object(body) && depth_of(body) <= REQUEST_BODY_DEPTH_MAX);
    }
    json_decref(body);
    arena_destroy(arena);
    return 0;
}
