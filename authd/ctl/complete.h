/* What may come next in a command line that is being typed. Pure, but for the names that authd
 * knows. */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include "ctl/command.h"

/* Called for each candidate. */
typedef void complete_found(void *arg, const char *word);

struct complete {
    complete_found *found;
    /* Asks authd for what a placeholder of the table stands for: "USER", "DOMAIN", "CLASS". `typed`
     * is the beginning. */
    void (*ask)(struct complete *complete, const char *placeholder, const char *typed);
    void *arg;
};

/* `words`: what follows "authctl"; the last of them is being typed, and may be empty. */
void complete_words(struct complete *complete, const char *const *words, size_t count);

/* The value that a word before the last one gives to the option; NULL: none. */
const char *complete_value(const char *const *words, size_t count, enum option option);

/* Whether the shell takes the word as it is: a name that authd tells is other people's text. */
bool complete_is_plain(const char *word);

#endif
