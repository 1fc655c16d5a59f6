/* Completion: which words may come next in a command line that is being typed. Only the `ask`
 * callback does I/O. */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include "ctl/command.h"

/* complete_words() calls this function for each candidate. */
typedef void complete_found(void *arg, const char *word);

struct complete {
    complete_found *found;
    /* Offers the names that authd knows for a placeholder of the command table, such as "USER",
     * "DOMAIN" or "CLASS". The names begin with `typed`. NULL: authd is not asked. */
    void (*ask)(struct complete *complete, const char *placeholder, const char *typed);
    void *arg;
};

/* Offers the candidates for the last word. `words` are the words after "authctl". The last
 * one is being typed, and may be empty. */
void complete_words(struct complete *complete, const char *const *words, size_t count);

/* Returns the option's value if the words before the last one give it, or else NULL. */
const char *complete_value(const char *const *words, size_t count, enum option option);

/* True if the shell does not interpret any character of the word. Names that authd answers were
 * chosen by other people. */
bool complete_is_plain(const char *word);

#endif
