/* Any octets as a new password of any user: no crash, every refusal has a sentence, and an accepted
 * password keeps the rules. The input is login, TAB, display name, TAB, a word of the site, TAB,
 * password. */
#include <stdint.h>
#include <stdlib.h>

#include "credential/password_strength.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct span take(struct span *rest)
{
    const char *tab = rest->len > 0 ? memchr(rest->ptr, '\t', rest->len) : NULL;
    struct span field = {rest->ptr, tab != NULL ? (size_t)(tab - rest->ptr) : rest->len};

    *rest = tab != NULL ? (struct span){tab + 1, rest->len - field.len - 1} : (struct span){0};
    return field;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {(const char *)data, size};
    char login[400], name[400], word[PASSWORD_WORD_LENGTH + 1], sentence[PASSWORD_SENTENCE_MAX];
    const char *const words[] = {word};

    span_text(take(&rest), login, sizeof(login));
    span_text(take(&rest), name, sizeof(name));
    bool folded = password_word_fold(take(&rest), word);
    const struct password_rules rules = {.min_length = 15,
                                         .min_length_with_factor = 8,
                                         .min_score = 3,
                                         .words = words,
                                         .word_count = folded};
    const char *const names[] = {login, name};
    const struct password_owner owner = {.names = names, .count = 2};
    struct password_strength strength = password_strength_of(&rules, &owner, rest);

    must(strength.score <= PASSWORD_SCORE_MAX && strength.length <= rest.len);
    must(strength.flaws != 0 || (strength.score >= 3 && strength.length >= 15));
    password_sentence(&strength, sentence);
    must((strength.flaws != 0) == (sentence[0] != '\0'));
    return 0;
}
