#include "credential/password_strength.h"

#include <stdio.h>
#include <stdlib.h>

#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>
#include <zxcvbn.h>

#include "base/mem.h"
#include "base/secret.h"
#include "credential/claim.h"
#include "crypto/password_scheme.h"

/* Characters; shorter names appear in too many words by chance. */
#define WORD_MIN      3
#define OWN_WORDS_MAX 64
/* zxcvbn examines only so many octets closely, and needs about 3 ms for the worst of them. */
#define PIECE 100

#define REMEDY "use four or more unrelated words"

/* Folded words that are searched in a password. */
struct word_list {
    char text[OWN_WORDS_MAX][PASSWORD_WORD_LENGTH + 1];
    size_t count;
};

/* ---- folding ------------------------------------------------------------------------------- */

static size_t count_characters(struct span text)
{
    const uint8_t *octets = (const uint8_t *)text.ptr;

    return text.len > 0 && u8_check(octets, text.len) == NULL ? u8_mbsnlen(octets, text.len)
                                                              : text.len;
}

/* Folds case and width. Of a text that is not UTF-8 only ASCII letters are folded. The caller wipes
 * and frees the result. */
static char *fold(struct span text, size_t *len)
{
    const uint8_t *octets = (const uint8_t *)text.ptr;
    uint8_t *folded = NULL;

    if (text.len > 0 && u8_check(octets, text.len) == NULL) {
        folded = u8_casefold(octets, text.len, NULL, UNINORM_NFKC, NULL, len);
        if (folded == NULL) {
            abort(); /* out of memory */
        }
        return (char *)folded;
    }
    char *copy = mem_calloc(text.len + 1, 1);

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        copy[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    *len = text.len;
    return copy;
}

bool password_word_fold(struct span word, char out[static PASSWORD_WORD_LENGTH + 1])
{
    size_t len;

    if (word.len == 0 || u8_check((const uint8_t *)word.ptr, word.len) != NULL) {
        return false;
    }
    char *folded = fold(word, &len);
    bool fits = len <= PASSWORD_WORD_LENGTH && memchr(folded, '\0', len) == NULL &&
                count_characters((struct span){folded, len}) >= WORD_MIN;

    if (fits) {
        memcpy(out, folded, len);
        out[len] = '\0';
    }
    free(folded);
    return fits;
}

/* ---- what everybody knows about the owner -------------------------------------------------- */

static bool is_separator(char c)
{
    return c != '\0' && strchr(" .-_+@,*'\"()", c) != NULL;
}

/* Adds a word, unless it is too short, too long, or the list is full. */
static void word_add(struct word_list *words, struct span word)
{
    if (words->count < OWN_WORDS_MAX && password_word_fold(word, words->text[words->count])) {
        words->count++;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Adds the parts between digits: alice1987 contains alice. */
static void words_between_digits(struct word_list *words, struct span part)
{
    size_t from = 0;

    for (size_t i = 0; i <= part.len; i++) {
        if (i == part.len || is_digit(part.ptr[i])) {
            if (i - from < part.len) {
                word_add(words, (struct span){part.ptr + from, i - from});
            }
            from = i + 1;
        }
    }
}

/* Adds the parts of `text` between separators, and their parts between digits. */
static void words_add(struct word_list *words, const char *text)
{
    while (*text != '\0') {
        struct span part = {text, 0};

        while (text[part.len] != '\0' && !is_separator(text[part.len])) {
            part.len++;
        }
        word_add(words, part);
        words_between_digits(words, part);
        text += part.len;
        text += *text != '\0';
    }
}

static void words_of_owner(struct word_list *words, const struct password_owner *owner)
{
    words->count = 0;
    for (size_t i = 0; i < owner->count; i++) {
        words_add(words, owner->names[i]);
    }
}

/* ---- built from known words ---------------------------------------------------------------- */

static void mark(struct span password, const char *word, bool *covered)
{
    size_t len = strlen(word);
    size_t from = 0;
    const char *found;

    while ((found = memmem(password.ptr + from, password.len - from, word, len)) != NULL) {
        from = (size_t)(found - password.ptr);
        memset(covered + from, true, len);
        from++;
    }
}

/* Is more than half of the password covered? */
static bool covers_most(const bool *covered, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        count += covered[i];
    }
    return count * 2 > len;
}

static unsigned flaws_of_words(const struct password_rules *rules, const struct word_list *own,
                               struct span password)
{
    struct span folded;
    unsigned flaws = 0;
    char *text = fold(password, &folded.len);
    bool *covered = mem_calloc(folded.len + 1, sizeof(*covered));

    folded.ptr = text;
    for (size_t i = 0; i < own->count; i++) {
        mark(folded, own->text[i], covered);
    }
    if (covers_most(covered, folded.len)) {
        flaws = PASSWORD_FLAW_OWN_NAME;
    } else { /* the site's words, alone or together with the owner's */
        for (size_t i = 0; i < rules->word_count; i++) {
            mark(folded, rules->words[i], covered);
        }
        flaws = covers_most(covered, folded.len) ? PASSWORD_FLAW_WORD : 0;
    }
    free(covered);
    secret_wipe(text, folded.len);
    free(text);
    return flaws;
}

/* ---- strength ------------------------------------------------------------------------------ */

static unsigned score_of_bits(double bits)
{
    static const double steps[] = {9.966, 19.932, 26.575, 33.219}; /* 10^3, 10^6, 10^8, 10^10 */
    unsigned score = 0;

    while (score < PASSWORD_SCORE_MAX && bits >= steps[score]) {
        score++;
    }
    return score;
}

/* The score of the strongest piece: a password is at least as strong as each of its pieces. */
static unsigned score(const struct password_rules *rules, const struct word_list *own,
                      struct span password)
{
    const char *known[OWN_WORDS_MAX + PASSWORD_WORDS_MAX + 1];
    char piece[PIECE + 1];
    size_t count = 0;
    unsigned best = 0;

    for (size_t i = 0; i < own->count; i++) {
        known[count++] = own->text[i];
    }
    for (size_t i = 0; i < rules->word_count && i < PASSWORD_WORDS_MAX; i++) {
        known[count++] = rules->words[i];
    }
    known[count] = NULL;
    for (size_t from = 0; from < password.len && best < PASSWORD_SCORE_MAX; from += PIECE) {
        size_t rest = password.len - from;

        span_text((struct span){password.ptr + from, rest < PIECE ? rest : PIECE}, piece,
                  sizeof(piece));
        unsigned this = score_of_bits(ZxcvbnMatch(piece, known, NULL));

        best = this > best ? this : best;
    }
    secret_wipe(piece, sizeof(piece));
    return best;
}

/* ---- the check ----------------------------------------------------------------------------- */

struct password_strength password_strength_of(const struct password_rules *rules,
                                              const struct password_owner *owner,
                                              struct span password)
{
    struct password_strength strength = {0};
    struct word_list own;

    if (password.len > PASSWORD_MAX) {
        strength.flaws = PASSWORD_FLAW_LONG;
        strength.length = (unsigned)count_characters(password);
        return strength;
    }
    strength.form = claim_password_flaw(password);
    if (strength.form != NULL) {
        strength.flaws |= PASSWORD_FLAW_FORM;
    }
    strength.length = (unsigned)count_characters(password);
    strength.min_length = owner->enrolled ? rules->min_length_with_factor : rules->min_length;
    if (strength.length < strength.min_length) {
        strength.flaws |= PASSWORD_FLAW_SHORT;
    }
    words_of_owner(&own, owner);
    strength.flaws |= flaws_of_words(rules, &own, password);
    strength.score = score(rules, &own, password);
    if (strength.score < rules->min_score) {
        strength.flaws |= PASSWORD_FLAW_EASY;
    }
    return strength;
}

const char *password_flaw_word(enum password_flaw flaw)
{
    switch (flaw) {
    case PASSWORD_FLAW_SHORT:
        return "too-short";
    case PASSWORD_FLAW_LONG:
        return "too-long";
    case PASSWORD_FLAW_OWN_NAME:
        return "own-name";
    case PASSWORD_FLAW_WORD:
        return "known-words";
    case PASSWORD_FLAW_EASY:
        return "easy-to-guess";
    case PASSWORD_FLAW_FORM:
        return "not-allowed";
    }
    return "not-allowed";
}

void password_sentence(const struct password_strength *strength,
                       char out[static PASSWORD_SENTENCE_MAX])
{
    size_t size = PASSWORD_SENTENCE_MAX;

    out[0] = '\0';
    if (strength->flaws & PASSWORD_FLAW_LONG) {
        snprintf(out, size, "is longer than %d octets; use a shorter one", PASSWORD_MAX);
    } else if (strength->flaws & PASSWORD_FLAW_FORM) {
        snprintf(out, size, "%s; " REMEDY, strength->form);
    } else if (strength->flaws & PASSWORD_FLAW_OWN_NAME) {
        snprintf(out, size,
                 "is easy to guess: it is built from its owner's name or domain; " REMEDY);
    } else if (strength->flaws & PASSWORD_FLAW_WORD) {
        snprintf(out, size,
                 "is easy to guess: it is built from words that everybody here knows; " REMEDY);
    } else if (strength->flaws & PASSWORD_FLAW_SHORT) {
        snprintf(out, size, "is %u characters long, and at least %u are needed; " REMEDY,
                 strength->length, strength->min_length);
    } else if (strength->flaws & PASSWORD_FLAW_EASY) {
        snprintf(out, size, "is easy to guess; " REMEDY);
    }
}
