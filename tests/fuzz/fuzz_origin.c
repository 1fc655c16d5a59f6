/* A Host or an Origin header of any octets is accepted only if it is one of the few spellings of
 * authd's names, in any case. */
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"
#include "http/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct origin_names names = {
    .public_url = {"https://auth.example.org", "auth.example.org", 443, true},
    .listener = "127.0.0.1:8587"};

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static bool is_one_of(const char *text, const char *const *spellings)
{
    for (; *spellings != NULL; spellings++) {
        if (strcasecmp(*spellings, text) == 0) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hosts[] = {"auth.example.org", "auth.example.org:443",
                                        "127.0.0.1:8587", "localhost:8587", NULL};
    static const char *const origins[] = {"https://auth.example.org",
                                          "https://auth.example.org:443", "http://127.0.0.1:8587",
                                          "http://localhost:8587", NULL};
    struct arena *arena = arena_create();
    const char *text = arena_copy(arena, (struct span){(const char *)data, size});
    const struct origin_headers headers = {.origin = text, .requested_with = "authd"};

    require(origin_is_host(&names, span_of(text)) == is_one_of(text, hosts));
    require((origin_flaw(&names, &headers) == NULL) == is_one_of(text, origins));
    arena_destroy(arena);
    return 0;
}
