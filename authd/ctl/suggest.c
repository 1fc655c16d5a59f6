/* Finds the word for "did you mean": the nearest word, if one is near enough. authctl never runs a
 * guess. */
#include <string.h>

#include "ctl/command.h"

#define WORD_MAX 24
#define CLOSE    3 /* a word at a smaller distance is suggested */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Returns the Levenshtein distance of two words. Long words are no mistyped verbs, and count as far
 * apart. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t len = strlen(b);

    if (strlen(a) > WORD_MAX || len > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t j = 0; j <= len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            size_t above = row[j];

            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[len];
}

/* True if other tools use `word` for the verb. */
static bool is_synonym(const char *word, const char *verb)
{
    static const char *const pairs[][2] = {
        {"remove", "delete"}, {"remove", "revoke"}, {"delete", "remove"},   {"delete", "revoke"},
        {"rm", "delete"},     {"rm", "remove"},     {"rm", "revoke"},       {"create", "add"},
        {"new", "add"},       {"ls", "list"},       {"get", "show"},        {"info", "show"},
        {"show", "get"},      {"edit", "set"},      {"modify", "set"},      {"update", "set"},
        {"change", "set"},    {"reset", "clear"},   {"disable", "suspend"}, {"lock", "suspend"},
        {"enable", "resume"}, {"unlock", "resume"}, {"unset", "clear"},     {"unsuspend", "resume"},
        {"mv", "rename"},     {"delete", "clear"},  {"remove", "clear"},    {"revoke", "delete"},
        {"verify", "check"},  {"test", "check"},    {"renew", "rotate"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(pairs[i][0], word) == 0 && strcmp(pairs[i][1], verb) == 0) {
            return true;
        }
    }
    return false;
}

const char *suggest(const char *word, const char *(*next)(const void *arg, size_t i),
                    const void *arg)
{
    const char *best = NULL;
    const char *candidate;
    size_t closest = CLOSE;

    for (size_t i = 0; (candidate = next(arg, i)) != NULL; i++) {
        size_t far = is_synonym(word, candidate) ? 0 : distance(word, candidate);

        if (far < closest && far * 2 < strlen(word)) {
            closest = far;
            best = candidate;
        }
    }
    return best;
}
