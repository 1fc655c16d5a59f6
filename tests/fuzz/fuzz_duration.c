/* Any octets as a duration: no crash, in bounds, the same in both units, and what is written of one
 * is read as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "base/duration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span in = {(const char *)data, size};
    char text[DURATION_SIZE];
    int64_t seconds = -1;
    int64_t again = -1;
    int64_t ms = -1;

    if (duration_parse(in, &seconds)) {
        must(seconds >= 0 && seconds <= DURATION_MAX);
        must(duration_parse_ms(in, &ms) && ms == seconds * 1000);
        must(duration_parse(span_of(duration_text(seconds, text)), &again) && again == seconds);
    } else if (duration_parse_ms(in, &ms)) {
        must(ms >= 0 && ms <= DURATION_MAX * 1000);
    }
    return 0;
}
