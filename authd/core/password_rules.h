/* What a new password must be, after NIST SP 800-63B: long enough, hard to guess, and not built
 * from what everybody knows about its owner. No composition rules. Pure; fuzzed.
 *
 * Threats: a guesser who knows the name, the domain and the site; a password that takes long to
 * judge, so the estimate looks at pieces of a bounded length and the whole takes at most some 50 ms
 * (it belongs on a worker). The octets are taken as they were typed, as hashing takes them: length
 * counts Unicode code points, and names are looked for after case folding. */
#ifndef CORE_PASSWORD_RULES_H
#define CORE_PASSWORD_RULES_H

#include "base/span.h"

#define PASSWORD_WORDS_MAX    256
#define PASSWORD_WORD_LENGTH  64 /* octets of one that is configured, case-folded */
#define PASSWORD_SCORE_MAX    4
#define PASSWORD_SENTENCE_MAX 320

struct password_rules {
    unsigned min_length;             /* code points */
    unsigned min_length_with_factor; /* of who has a second factor */
    unsigned min_score;              /* 0 to 4, as zxcvbn counts: 10^3, 10^6, 10^8, 10^10 guesses */
    const char *const
        *words; /* case-folded; what everybody here knows: the company, its products */
    size_t word_count;
};

/* Whose password it is to be: what is known of him, such as login, addresses, display name. */
struct password_owner {
    const char *const *names;
    size_t count;
    bool enrolled; /* has a second factor */
};

enum password_flaw {
    PASSWORD_FLAW_SHORT = 1,
    PASSWORD_FLAW_LONG = 2,
    PASSWORD_FLAW_OWN_NAME = 4, /* most of it is the owner's name or domain */
    PASSWORD_FLAW_WORD = 8,     /* most of it is words of the site */
    PASSWORD_FLAW_EASY = 16,    /* few guesses find it */
    PASSWORD_FLAW_FORM = 32,    /* empty, has a NUL, or looks like an app password */
};

struct password_judgement {
    unsigned flaws; /* 0: acceptable */
    unsigned score; /* 0 to 4 */
    unsigned length;
    unsigned min_length; /* that was needed */
    const char *form;    /* with PASSWORD_FLAW_FORM: the end of a sentence; static */
};

struct password_judgement password_judge(const struct password_rules *rules,
                                         const struct password_owner *owner, struct span password);

/* The words of one flaw, as the API lists them ("too-short"); `flaw` is one bit. */
const char *password_flaw_word(enum password_flaw flaw);

/* Completes a sentence that begins with "password": the fact, and what to do. Empty without a flaw.
 */
void password_sentence(const struct password_judgement *judged,
                       char out[static PASSWORD_SENTENCE_MAX]);

/* `word` as `rules.words` wants it. False: it has fewer than 3 characters, is longer than
 * PASSWORD_WORD_LENGTH, or is not UTF-8. */
bool password_word_fold(struct span word, char out[static PASSWORD_WORD_LENGTH + 1]);

#endif
