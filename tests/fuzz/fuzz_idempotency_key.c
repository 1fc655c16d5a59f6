/* An Idempotency-Key header of any octets: a key is visible ASCII, bounded, and the same key when
 * it is written in quotes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/idempotency_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

/* Writes the key as a string of RFC 8941. */
static struct span quote(const char *key, char out[static 2 * IDEMPOTENCY_KEY_MAX + 2])
{
    size_t len = 0;

    out[len++] = '"';
    for (; *key != '\0'; key++) {
        if (*key == '"' || *key == '\\') {
            out[len++] = '\\';
        }
        out[len++] = *key;
    }
    out[len++] = '"';
    return (struct span){out, len};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    char quoted[2 * IDEMPOTENCY_KEY_MAX + 2];
    const char *key;
    const char *again;

    if (idempotency_key_read((struct span){(const char *)data, size}, arena, &key) == NULL) {
        size_t len = strlen(key);

        require(len > 0 && len <= IDEMPOTENCY_KEY_MAX && len <= size);
        for (size_t i = 0; i < len; i++) {
            require(key[i] >= '!' && key[i] <= '~');
        }
        require(idempotency_key_read(quote(key, quoted), arena, &again) == NULL);
        require(strcmp(key, again) == 0);
    } else {
        require(key == NULL);
    }
    arena_destroy(arena);
    return 0;
}
