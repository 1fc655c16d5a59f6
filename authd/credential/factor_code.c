#include "credential/factor_code.h"

#include "base/secret.h"

#define IN_MAX 64 /* octets of an entered code, with blanks and hyphens */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Returns the character in lower case. '\0': the character appears in no code. */
static char symbol_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        c = (char)(c - 'A' + 'a');
    }
    return is_digit(c) || (c >= 'a' && c <= 'z') ? c : '\0';
}

static enum factor_code_kind kind_of(const char *text, size_t length, bool hyphens)
{
    if ((length == 6 || length == 8) && !hyphens && strspn(text, "0123456789") == length) {
        return FACTOR_CODE_TOTP;
    }
    if (length == FACTOR_CODE_RECOVERY_LENGTH &&
        strspn(text, "abcdefghijklmnopqrstuvwxyz234567") == length) {
        return FACTOR_CODE_RECOVERY;
    }
    return FACTOR_CODE_MALFORMED;
}

void factor_code_parse(struct span in, struct factor_code *out)
{
    bool hyphens = false;
    bool good = in.len <= IN_MAX;
    size_t length = 0;

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; good && i < in.len; i++) {
        char c = in.ptr[i];

        if (c == '-') {
            hyphens = true;
        } else if (!is_blank(c)) {
            out->text[length] = symbol_of(c);
            good = out->text[length] != '\0' && ++length < sizeof(out->text);
        }
    }
    if (good) {
        out->kind = kind_of(out->text, length, hyphens);
    }
    if (out->kind == FACTOR_CODE_MALFORMED) {
        secret_wipe(out, sizeof(*out));
    }
}

bool factor_code_inline(struct span secret, unsigned digits, struct span *password,
                        struct span *code)
{
    size_t before = secret.len > digits ? secret.len - digits : 0;

    if (before > 0 && secret.ptr[before - 1] == '$') {
        before--;
    }
    if (before == 0) {
        return false;
    }
    for (size_t i = secret.len - digits; i < secret.len; i++) {
        if (!is_digit(secret.ptr[i])) {
            return false;
        }
    }
    *password = (struct span){secret.ptr, before};
    *code = (struct span){secret.ptr + secret.len - digits, digits};
    return true;
}
