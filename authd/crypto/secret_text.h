/* The text of a secret that authd itself makes: an app password (apw) or an API key (apk). Pure;
 * fuzzed.
 *
 *     apw ssssssss kkkkkkkkkkkkkkkkkkkk cc     without the blanks; a-z and 2-7 only
 *
 * s is the selector (40 random bits), by which the database finds the row. k is the secret (100
 * random bits). c are check digits of everything before them, so that a typing error is not
 * taken for a guess and needs no question to the database. People may type the text in groups and
 * in capitals: blanks, hyphens and case are ignored. A secret scanner looks for
 * `apw[a-z2-7]{30}`. */
#ifndef CRYPTO_SECRET_TEXT_H
#define CRYPTO_SECRET_TEXT_H

#include "base/span.h"

#define SECRET_TEXT_APP_PASSWORD "apw"
#define SECRET_TEXT_API_KEY      "apk"

enum {
    SECRET_TEXT_PREFIX_LENGTH = 3,
    SECRET_TEXT_SELECTOR_LENGTH = 8,
    SECRET_TEXT_SECRET_LENGTH = 20,
    SECRET_TEXT_CHECK_LENGTH = 2,
    SECRET_TEXT_LENGTH = 33,
    SECRET_TEXT_PRINTABLE_LENGTH = 38, /* apw-xxxxxx-xxxxxx-xxxxxx-xxxxxx-xxxxxx */
};

/* A text in canonical form, NUL-terminated. The owner wipes the struct. */
struct secret_text {
    char text[SECRET_TEXT_LENGTH + 1];
};

enum secret_text_shape {
    SECRET_TEXT_OTHER = 0, /* another form, or another prefix */
    SECRET_TEXT_MISTYPED,  /* the right form with wrong check digits */
    SECRET_TEXT_RIGHT,
};

/* Makes a new secret from the system's random generator. `prefix` has three letters. */
void secret_text_make(const char *prefix, struct secret_text *out);

/* Reads what a user typed. `out` is set with SECRET_TEXT_RIGHT, zeroed otherwise. */
enum secret_text_shape secret_text_parse(const char *prefix, struct span in,
                                         struct secret_text *out);

/* The parts of `text`; each view points into `text`. */
struct span secret_text_selector(const struct secret_text *text);
struct span secret_text_secret(const struct secret_text *text);

/* Writes the text in groups, for display to people. */
void secret_text_printable(const struct secret_text *text,
                           char out[static SECRET_TEXT_PRINTABLE_LENGTH + 1]);

#endif
