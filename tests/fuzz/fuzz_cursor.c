/* A cursor of any octets is refused, and a cursor that authd made reads back as its position. The
 * input is the text of a cursor, a NUL, and the JSON of a position. */
#include <stdint.h>
#include <stdlib.h>

#include "http/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[CURSOR_KEY_LENGTH] = {7};

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void round_trip(const struct cursor_list *list, json_t *position, struct arena *arena)
{
    const char *text = cursor_make(list, position, arena);

    if (text == NULL) {
        return; /* the position is too long */
    }
    json_t *again = cursor_read(list, text);

    require(again != NULL && json_equal(again, position));
    json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    json_t *filters = json_object();
    const struct cursor_list list = {.key = key, .route = "/v1/users", .filters = filters};
    const char *text = arena_copy(arena, (struct span){(const char *)data, size});
    size_t used = strlen(text) + 1;

    require(cursor_read(&list, text) == NULL);
    if (used < size) {
        json_t *position =
            json_loadb((const char *)data + used, size - used, JSON_DECODE_ANY, NULL);

        if (position != NULL) {
            round_trip(&list, position, arena);
        }
        json_decref(position);
    }
    json_decref(filters);
    arena_destroy(arena);
    return 0;
}
