/* Any octets as a login, an address and a domain: no crash, and a canonical name is its own
 * canonical name and has no character with a special meaning elsewhere. */
#include <stdint.h>
#include <stdlib.h>

#include "core/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    char once[NAME_MAX_LENGTH + 1];
    char twice[NAME_MAX_LENGTH + 1];

    if (name_login(in, "default.example", once) == NAME_OK) {
        must(name_login(span_of(once), NULL, twice) == NAME_OK && strcmp(once, twice) == 0);
        must(name_address(span_of(once), twice) == NAME_OK && strcmp(once, twice) == 0);
        must(strpbrk(once, "#%!*\\\" \t\r\n") == NULL && strchr(once, '@') == strrchr(once, '@'));
    }
    if (name_address(in, once) == NAME_OK) {
        must(name_address(span_of(once), twice) == NAME_OK && strcmp(once, twice) == 0);
    }
    if (name_domain(in, once) == NAME_OK) {
        must(name_domain(span_of(once), twice) == NAME_OK && strcmp(once, twice) == 0);
        must(strspn(once, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(once));
    }
    return 0;
}
