/* Threats: a generator that is not random, and letters that are not equally likely. Each of the 32
 * letters takes five whole bits, so that nothing is rounded. The check digits are a public function
 * of the rest: they neither hide nor add anything. */
#include "crypto/secret_text.h"

#include <sodium.h>

#include "base/secret.h"

#define GROUP_LENGTH 6

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

enum {
    SELECTOR_AT = SECRET_TEXT_PREFIX_LENGTH,
    SECRET_AT = SELECTOR_AT + SECRET_TEXT_SELECTOR_LENGTH,
    CHECK_AT = SECRET_AT + SECRET_TEXT_SECRET_LENGTH,
};

_Static_assert(CHECK_AT + SECRET_TEXT_CHECK_LENGTH == SECRET_TEXT_LENGTH,
               "the parts fill the text");

static bool in_alphabet(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
}

static void check_digits(const char *text, char out[static SECRET_TEXT_CHECK_LENGTH])
{
    unsigned char hash[crypto_generichash_BYTES];

    crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, CHECK_AT, NULL, 0);
    for (size_t i = 0; i < SECRET_TEXT_CHECK_LENGTH; i++) {
        out[i] = alphabet[hash[i] & 31];
    }
    secret_wipe(hash, sizeof(hash));
}

void secret_text_make(const char *prefix, struct secret_text *out)
{
    unsigned char random[CHECK_AT - SELECTOR_AT];

    secret_random(random, sizeof(random));
    memcpy(out->text, prefix, SECRET_TEXT_PREFIX_LENGTH);
    for (size_t i = 0; i < sizeof(random); i++) {
        out->text[SELECTOR_AT + i] = alphabet[random[i] & 31];
    }
    check_digits(out->text, out->text + CHECK_AT);
    out->text[SECRET_TEXT_LENGTH] = '\0';
    secret_wipe(random, sizeof(random));
}

/* Copies the canonical form. False: the text is too long, too short, or has another character. */
static bool canonical(struct span in, char out[static SECRET_TEXT_LENGTH])
{
    size_t length = 0;

    for (size_t i = 0; i < in.len; i++) {
        char c = in.ptr[i];

        if (c == ' ' || c == '-') {
            continue;
        }
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        if (length == SECRET_TEXT_LENGTH || !in_alphabet(c)) {
            return false;
        }
        out[length++] = c;
    }
    return length == SECRET_TEXT_LENGTH;
}

enum secret_text_shape secret_text_parse(const char *prefix, struct span in,
                                         struct secret_text *out)
{
    char check[SECRET_TEXT_CHECK_LENGTH];

    struct span begins = {out->text, SECRET_TEXT_PREFIX_LENGTH};

    if (!canonical(in, out->text) || !secret_equal(begins, span_of(prefix))) {
        secret_wipe(out, sizeof(*out));
        return SECRET_TEXT_OTHER;
    }
    out->text[SECRET_TEXT_LENGTH] = '\0';
    check_digits(out->text, check);

    struct span given = {out->text + CHECK_AT, sizeof(check)};
    struct span right = {check, sizeof(check)};

    if (!secret_equal(given, right)) {
        secret_wipe(out, sizeof(*out));
        return SECRET_TEXT_MISTYPED;
    }
    return SECRET_TEXT_RIGHT;
}

struct span secret_text_selector(const struct secret_text *text)
{
    return (struct span){text->text + SELECTOR_AT, SECRET_TEXT_SELECTOR_LENGTH};
}

struct span secret_text_secret(const struct secret_text *text)
{
    return (struct span){text->text + SECRET_AT, SECRET_TEXT_SECRET_LENGTH};
}

void secret_text_printable(const struct secret_text *text,
                           char out[static SECRET_TEXT_PRINTABLE_LENGTH + 1])
{
    size_t length = SECRET_TEXT_PREFIX_LENGTH;

    memcpy(out, text->text, SECRET_TEXT_PREFIX_LENGTH);
    for (size_t at = SECRET_TEXT_PREFIX_LENGTH; at < SECRET_TEXT_LENGTH; at += GROUP_LENGTH) {
        out[length++] = '-';
        memcpy(out + length, text->text + at, GROUP_LENGTH);
        length += GROUP_LENGTH;
    }
    out[length] = '\0';
}
