/* The text of a secret that authd itself makes: an app password (apw) or an API key (apk). Pure;
 * fuzzed.
 *
 *     apw ssssssss kkkkkkkkkkkkkkkkkkkk cc     without the blanks; a-z and 2-7 only
 *
 * s: the selector (40 random bits), by which the database finds it; k: the secret (100 random
 * bits); c: check digits over all that precedes them, so that a slip of the finger is told from a
 * guess without asking anybody. People type it in groups and in capitals: blanks, hyphens and case
 * do not count. `apw[a-z2-7]{30}` is what a secret scanner looks for. */
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
    SECRET_TEXT_SHOWN_LENGTH = 38, /* apw-xxxxxx-xxxxxx-xxxxxx-xxxxxx-xxxxxx */
};

/* Canonical and NUL-terminated. Wiped by its owner. */
struct secret_text {
    char text[SECRET_TEXT_LENGTH + 1];
};

enum secret_text_shape {
    SECRET_TEXT_OTHER = 0, /* something else: not of this shape */
    SECRET_TEXT_MISTYPED,  /* of this shape, and its check digits are wrong */
    SECRET_TEXT_RIGHT,
};

/* A new one, from the system's generator. `prefix` has three letters. */
void secret_text_make(const char *prefix, struct secret_text *out);

/* `out` is set with SECRET_TEXT_RIGHT, zeroed otherwise. */
enum secret_text_shape secret_text_parse(const char *prefix, struct span in,
                                         struct secret_text *out);

/* Views of `text`. */
struct span secret_text_selector(const struct secret_text *text);
struct span secret_text_secret(const struct secret_text *text);

/* In groups, as it is shown to people. */
void secret_text_show(const struct secret_text *text,
                      char out[static SECRET_TEXT_SHOWN_LENGTH + 1]);

#endif
