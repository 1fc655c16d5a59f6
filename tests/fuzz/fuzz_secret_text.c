/* Any octets as an app password: an accepted text is canonical, reads back from its printable form,
 * and is never accepted as an API key. */
#include <stdint.h>
#include <stdlib.h>

#include "crypto/secret_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct secret_text text, again, other;
    char printable[SECRET_TEXT_PRINTABLE_LENGTH + 1];
    enum secret_text_shape shape = secret_text_parse(SECRET_TEXT_APP_PASSWORD, in, &text);

    if (shape != SECRET_TEXT_RIGHT) {
        require(text.text[0] == '\0');
        return 0;
    }
    require(strspn(text.text, "abcdefghijklmnopqrstuvwxyz234567") == SECRET_TEXT_LENGTH);
    require(secret_text_parse(SECRET_TEXT_API_KEY, in, &other) == SECRET_TEXT_OTHER);
    secret_text_printable(&text, printable);
    require(secret_text_parse(SECRET_TEXT_APP_PASSWORD, span_of(printable), &again) ==
            SECRET_TEXT_RIGHT);
    require(strcmp(again.text, text.text) == 0);
    return 0;
}
