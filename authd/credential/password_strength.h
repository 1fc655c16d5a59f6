/* The rules for new passwords, after NIST SP 800-63B: long enough, hard to guess, and not built
 * from words that are known about the owner. There are no composition rules. Pure; fuzzed.
 *
 * Threats: an attacker who guesses and knows the name, the domain and the site; a password whose
 * check takes long. So the strength estimate reads pieces of bounded length, and a whole check
 * takes at most about 50 ms (call it on a worker). The octets are used as typed, as hashing uses
 * them: length counts Unicode code points, and names are searched after case folding. */
#ifndef CREDENTIAL_PASSWORD_STRENGTH_H
#define CREDENTIAL_PASSWORD_STRENGTH_H

#include "base/span.h"

#define PASSWORD_WORDS_MAX    256
#define PASSWORD_WORD_LENGTH  64 /* octets of one word, case-folded */
#define PASSWORD_SCORE_MAX    4
#define PASSWORD_SENTENCE_MAX 320

struct password_rules {
    unsigned min_length;             /* in code points */
    unsigned min_length_with_factor; /* for owners who have enrolled a second factor */
    unsigned min_score;              /* 0 to 4, zxcvbn's scale: 10^3, 10^6, 10^8, 10^10 guesses */
    /* Words that are known at the site, such as the company and its products; case-folded. */
    const char *const *words;
    size_t word_count;
};

/* The owner of the new password. `names` are texts known about the owner, such as login, addresses,
 * display name. */
struct password_owner {
    const char *const *names;
    size_t count;
    bool enrolled; /* the owner has enrolled a second factor */
};

enum password_flaw {
    PASSWORD_FLAW_SHORT = 1,
    PASSWORD_FLAW_LONG = 2,
    PASSWORD_FLAW_OWN_NAME = 4, /* more than half of the password is the owner's name or domain */
    PASSWORD_FLAW_WORD = 8,     /* more than half is the owner's name and words of the site */
    PASSWORD_FLAW_EASY = 16,    /* the score is below min_score */
    PASSWORD_FLAW_FORM = 32,    /* empty, has a NUL, or looks like an app password */
};

struct password_strength {
    unsigned flaws;      /* enum password_flaw, combined; 0: acceptable */
    unsigned score;      /* 0 to 4 */
    unsigned length;     /* code points */
    unsigned min_length; /* the minimum that applies to the owner */
    const char *form;    /* with PASSWORD_FLAW_FORM: end of a sentence, static */
};

struct password_strength password_strength_of(const struct password_rules *rules,
                                              const struct password_owner *owner,
                                              struct span password);

/* The word of one flaw in the API, such as "too-short". `flaw` is one bit. */
const char *password_flaw_word(enum password_flaw flaw);

/* Writes the end of a sentence that begins with "password": the most important flaw and a remedy.
 * Empty without a flaw. */
void password_sentence(const struct password_strength *strength,
                       char out[static PASSWORD_SENTENCE_MAX]);

/* Writes `word` in the form that `password_rules.words` needs. False: `word` has fewer than 3
 * characters, is longer than PASSWORD_WORD_LENGTH, or is not UTF-8. */
bool password_word_fold(struct span word, char out[static PASSWORD_WORD_LENGTH + 1]);

#endif
