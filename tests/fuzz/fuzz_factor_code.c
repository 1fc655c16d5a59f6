/* Any octets as a code: an accepted code is canonical and reads back as itself in any grouping. Any
 * octets as a password with an inline code: the two parts, with at most one $ between them, are
 * together what was entered. */
#include <stdint.h>
#include <stdlib.h>

#include "credential/factor_code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void check_parse(struct span in)
{
    struct factor_code code, again;
    size_t length;

    factor_code_parse(in, &code);
    length = strlen(code.text);
    if (code.kind == FACTOR_CODE_MALFORMED) {
        require(length == 0);
        return;
    }
    if (code.kind == FACTOR_CODE_TOTP) {
        require((length == 6 || length == 8) && strspn(code.text, "0123456789") == length);
    } else {
        require(length == FACTOR_CODE_RECOVERY_LENGTH &&
                strspn(code.text, "abcdefghijklmnopqrstuvwxyz234567") == length);
    }
    factor_code_parse(span_of(code.text), &again);
    require(again.kind == code.kind && strcmp(again.text, code.text) == 0);
}

static void check_inline(struct span in, unsigned digits)
{
    struct span password, code;

    if (!factor_code_inline(in, digits, &password, &code)) {
        return;
    }
    require(code.len == digits && password.len > 0 && password.ptr == in.ptr);
    require(code.ptr + code.len == in.ptr + in.len);
    for (size_t i = 0; i < code.len; i++) {
        require(code.ptr[i] >= '0' && code.ptr[i] <= '9');
    }

    const char *between = password.ptr + password.len;

    require(between == code.ptr || (between + 1 == code.ptr && *between == '$'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};

    check_parse(in);
    check_inline(in, 6);
    check_inline(in, 8);
    return 0;
}
