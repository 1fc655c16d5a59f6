#include "ctl/complete.h"

#include <string.h>

#include "api/words.h"

static void offer(struct complete *complete, const char *word, const char *typed)
{
    if (strncmp(word, typed, strlen(typed)) == 0) {
        complete->found(complete->arg, word);
    }
}

bool complete_is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@._+-=/:";

    return word[0] != '\0' && word[0] != '-' && strspn(word, plain) == strlen(word);
}

/* ---- the words before the last one --------------------------------------------------------- */

/* What the parser knows after the words before the last one. */
struct place {
    const struct noun *noun;
    const struct command *command;
    size_t arguments;   /* the number of arguments so far */
    enum option wanted; /* the last word is the value of this option */
    bool options;       /* no "--" so far: options are still possible */
};

static enum option option_named(const char *word)
{
    unsigned option = 1;

    while (option < OPTION_COUNT && strcmp(option_table[option].spelling, word) != 0) {
        option++;
    }
    return option < OPTION_COUNT ? (enum option)option : OPTION_NONE;
}

static void take_word(struct place *place, const char *word)
{
    if (place->noun == NULL) {
        place->noun = noun_find(word);
        place->arguments += place->noun == NULL;
    } else if (place->command == NULL) {
        place->command = noun_command(place->noun, word);
        place->arguments += place->command == NULL;
    } else {
        place->arguments++;
    }
}

static struct place place_of(const char *const *words, size_t count)
{
    struct place place = {.options = true};

    for (size_t i = 0; i + 1 < count; i++) {
        const char *word = words[i];
        enum option option;

        if (!place.options || strncmp(word, "--", 2) != 0) {
            take_word(&place, word);
            continue;
        }
        place.options = word[2] != '\0';
        option = option_named(word + 2);
        if (option_table[option].value != NULL && i + 2 < count) {
            i++;
        } else if (option_table[option].value != NULL) {
            place.wanted = option;
        }
    }
    return place;
}

const char *complete_value(const char *const *words, size_t count, enum option option)
{
    size_t len = strlen(option_table[option].spelling);

    for (size_t i = 0; i + 1 < count && strcmp(words[i], "--") != 0; i++) {
        if (strncmp(words[i], "--", 2) != 0 ||
            strncmp(words[i] + 2, option_table[option].spelling, len) != 0) {
            continue;
        }
        if (words[i][2 + len] == '=') {
            return words[i] + 2 + len + 1;
        }
        if (words[i][2 + len] == '\0' && i + 2 < count) {
            return words[i + 1];
        }
    }
    return NULL;
}

/* ---- the last word -------------------------------------------------------------------------- */

/* Offers the fixed words of a placeholder such as "ROLE", and the names that authd knows for one
 * such as "USER". */
static void offer_placeholder(struct complete *complete, const char *placeholder, const char *typed)
{
    static const char *const orders[] = {"login", "created_at", "last_login_at", NULL};
    static const char *const levels[] = {"site", "domain:", "class:", NULL};
    static const struct {
        const char *placeholder;
        const char *const *words;
    } lists[] = {
        {"ROLE", words_roles},
        {"ORDER", orders},
        {"USER|domain:D|class:C|site", levels},
    };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (strcmp(lists[i].placeholder, placeholder) != 0) {
            continue;
        }
        for (size_t j = 0; lists[i].words[j] != NULL; j++) {
            offer(complete, lists[i].words[j], typed);
        }
    }
    if (complete->ask != NULL) {
        complete->ask(complete, placeholder, typed);
    }
}

/* Offers candidates for the next argument. Its placeholder is that argument's name in help, without
 * brackets and dots. */
static void offer_argument(struct complete *complete, const struct place *place, const char *typed)
{
    const char *rest = place->command->arguments;
    char placeholder[64];
    size_t len;

    for (size_t i = 0; i < place->arguments; i++) {
        rest += strcspn(rest, " ");
        rest += strspn(rest, " ");
    }
    rest += *rest == '[';
    len = strcspn(rest, " ].");
    if (len == 0 || len >= sizeof(placeholder)) {
        return;
    }
    memcpy(placeholder, rest, len);
    placeholder[len] = '\0';
    offer_placeholder(complete, placeholder, typed);
}

static void offer_options(struct complete *complete, const struct place *place, const char *typed)
{
    for (unsigned option = 1; option < OPTION_COUNT; option++) {
        char word[48];

        if (option_global((enum option)option) ||
            (place->command != NULL &&
             command_input(place->command, (enum option)option) != NULL)) {
            snprintf(word, sizeof(word), "--%s", option_table[option].spelling);
            offer(complete, word, typed);
        }
    }
}

void complete_words(struct complete *complete, const char *const *words, size_t count)
{
    struct place place = place_of(words, count);
    const char *typed = count > 0 ? words[count - 1] : "";

    if (place.wanted != OPTION_NONE) {
        offer_placeholder(complete, option_table[place.wanted].value, typed);
    } else if (place.options && typed[0] == '-') {
        offer_options(complete, &place, typed);
    } else if (place.noun == NULL && place.arguments == 0) {
        for (size_t i = 0; nouns[i] != NULL; i++) {
            offer(complete, nouns[i]->name, typed);
        }
        offer(complete, "help", typed);
    } else if (place.noun != NULL && place.command == NULL && place.arguments == 0) {
        for (const struct command *command = place.noun->commands; command->verb != NULL;
             command++) {
            offer(complete, command->verb, typed);
        }
    } else if (place.command != NULL) {
        offer_argument(complete, &place, typed);
    }
}
