/* Any octets as a time: no crash, and what is written of one is read as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/rfc3339.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[RFC3339_SIZE];
    int64_t seconds = -1;
    int64_t again = -1;

    if (rfc3339_parse((struct span){(const char *)data, size}, &seconds)) {
        must(strlen(rfc3339_text(seconds, text)) == RFC3339_SIZE - 1);
        must(rfc3339_parse(span_of(text), &again) && again == seconds);
    } else {
        must(seconds == -1);
    }
    return 0;
}
