#include "ctl/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "base/duration.h"
#include "base/program.h"

#define TIMEOUT_DEFAULT 30
#define TIMEOUT_MAX     3600

/* ---- the table ----------------------------------------------------------------------------- */

const struct noun *noun_find(const char *name)
{
    for (size_t i = 0; nouns[i] != NULL; i++) {
        if (strcmp(nouns[i]->name, name) == 0) {
            return nouns[i];
        }
    }
    return NULL;
}

const struct command *noun_command(const struct noun *noun, const char *verb)
{
    for (const struct command *command = noun->commands; command->verb != NULL; command++) {
        if (strcmp(command->verb, verb) == 0) {
            return command;
        }
    }
    return NULL;
}

const struct input *command_input(const struct command *command, enum option option)
{
    for (const struct input *input = command->inputs; input != NULL && input->option != OPTION_NONE;
         input++) {
        if (input->option == option) {
            return input;
        }
    }
    return NULL;
}

size_t command_max(const struct command *command)
{
    return command->max > 0 ? command->max : command->min;
}

/* ---- unknown words ------------------------------------------------------------------------- */

static const char *nth_noun(const void *arg, size_t i)
{
    (void)arg;
    return nouns[i] != NULL ? nouns[i]->name : NULL;
}

static bool refuse_noun(const char *word, struct err *err)
{
    const char *best = suggest(word, nth_noun, NULL);

    if (best != NULL) {
        return err_set(err, "no noun \"%s\"; did you mean \"%s\"?", word, best);
    }
    return err_set(err, "no noun \"%s\"; see %s help", word, program_name());
}

static const char *nth_verb(const void *arg, size_t i)
{
    const struct noun *noun = arg;

    return noun->commands[i].verb;
}

static bool refuse_verb(const struct noun *noun, const char *word, struct err *err)
{
    const char *best = suggest(word, nth_verb, noun);

    if (best != NULL) {
        return err_set(err, "no verb \"%s\" for %s; did you mean \"%s\"?", word, noun->name, best);
    }
    return err_set(err, "no verb \"%s\" for %s; see %s help %s", word, noun->name, program_name(),
                   noun->name);
}

static const char *nth_option(const void *arg, size_t i)
{
    (void)arg;
    return i + 1 < OPTION_COUNT ? option_table[i + 1].spelling : NULL;
}

/* The message leaves out the option's value, which may be a secret: --password=... is a likely
 * mistake. */
static bool refuse_option(const char *spelling, size_t len, struct err *err)
{
    char word[64];

    if (len >= sizeof(word)) {
        return err_set(err, "no option is that long");
    }
    memcpy(word, spelling, len);
    word[len] = '\0';

    const char *best = suggest(word, nth_option, NULL);

    if (best != NULL) {
        return err_set(err, "no option --%s; did you mean --%s?", word, best);
    }
    return err_set(err, "no option --%s", word);
}

/* ---- options ------------------------------------------------------------------------------- */

bool option_given(const struct invocation *invocation, enum option option)
{
    for (size_t i = 0; i < invocation->given_count; i++) {
        if (invocation->given[i].option == option) {
            return true;
        }
    }
    return false;
}

const char *option_value(const struct invocation *invocation, enum option option)
{
    for (size_t i = 0; i < invocation->given_count; i++) {
        if (invocation->given[i].option == option) {
            return invocation->given[i].value;
        }
    }
    return NULL;
}

static bool store_timeout(struct invocation *invocation, const char *text, struct err *err)
{
    int64_t seconds;
    char *end;

    invocation->timeout = strtol(text, &end, 10);
    if (end == text || *end != '\0') {
        invocation->timeout = duration_parse(span_of(text), &seconds) ? (long)seconds : -1;
    }
    if (invocation->timeout < 1 || invocation->timeout > TIMEOUT_MAX) {
        return err_set(err, "--timeout takes 1s to 1h");
    }
    return true;
}

static bool store_option(struct invocation *invocation, enum option option, const char *value,
                         struct err *err)
{
    if (invocation->given_count == GIVEN_MAX) {
        return err_set(err, "more than %d options", GIVEN_MAX);
    }
    if (option == OPTION_TIMEOUT && !store_timeout(invocation, value, err)) {
        return false;
    }
    invocation->given[invocation->given_count].option = option;
    invocation->given[invocation->given_count++].value = value;
    return true;
}

/* Parses the option `word`, without its "--". `next` is the next argument, or NULL. Sets
 * `used_next` if `next` is the option's value. */
static bool parse_option(struct invocation *invocation, const char *word, const char *next,
                         bool *used_next, struct err *err)
{
    size_t len = strcspn(word, "=");
    const char *value = word[len] == '=' ? word + len + 1 : NULL;
    unsigned option = 1;

    while (option < OPTION_COUNT && (strncmp(option_table[option].spelling, word, len) != 0 ||
                                     option_table[option].spelling[len] != '\0')) {
        option++;
    }
    if (option == OPTION_COUNT) {
        return refuse_option(word, len, err);
    }
    if (option_table[option].value == NULL && value != NULL) {
        return err_set(err, "--%s takes no value", option_table[option].spelling);
    }
    if (option_table[option].value != NULL && value == NULL) {
        if (next == NULL) {
            return err_set(err, "--%s needs a value", option_table[option].spelling);
        }
        value = next;
        *used_next = true;
    }
    return store_option(invocation, (enum option)option, value, err);
}

/* After an error, options cannot be distinguished from values. Every word --json then counts as the
 * option, so that a program gets its one JSON value. */
static void find_json(struct invocation *invocation, char *const *rest)
{
    struct err err;

    for (; *rest != NULL && strcmp(*rest, "--") != 0; rest++) {
        if (strcmp(*rest, "--json") == 0 && !option_given(invocation, OPTION_JSON)) {
            invocation->given_count -= invocation->given_count == GIVEN_MAX;
            store_option(invocation, OPTION_JSON, NULL, &err);
        }
    }
}

/* Every argument may become JSON, which is UTF-8. Only this function checks the encoding. */
static bool check_encoding(int argc, char *const *argv, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        if (u8_check((const uint8_t *)argv[i], strlen(argv[i])) != NULL) {
            return err_set(err, "argument %d is not UTF-8", i);
        }
    }
    return true;
}

/* Sets `at` to the index of the last argument that was read. */
static bool parse_words(struct invocation *invocation, char **argv, int *at, struct err *err)
{
    bool options = true;

    for (int i = 1; argv[i] != NULL; i++) {
        const char *word = argv[i];
        bool used_next = false;

        *at = i;
        if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (options && strncmp(word, "--", 2) == 0) {
            if (!parse_option(invocation, word + 2, argv[i + 1], &used_next, err)) {
                return false;
            }
            i += used_next;
        } else if (options && word[0] == '-' && word[1] != '\0') {
            return err_set(err, "no option %s: options are words, like --json", word);
        } else if (invocation->count == WORDS_MAX) {
            return err_set(err, "more than %d arguments", WORDS_MAX);
        } else {
            invocation->words[invocation->count++] = word;
        }
    }
    return true;
}

/* ---- checks -------------------------------------------------------------------------------- */

static bool given_before(const struct invocation *invocation, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (invocation->given[i].option == invocation->given[at].option) {
            return true;
        }
    }
    return false;
}

static bool check_options(const struct invocation *invocation, struct err *err)
{
    const struct command *command = invocation->command;

    for (size_t i = 0; i < invocation->given_count; i++) {
        enum option option = invocation->given[i].option;
        const struct input *input = command_input(command, option);
        bool repeatable = input != NULL && input->shape == SHAPE_TEXTS;

        if (input == NULL && !option_global(option)) {
            return err_set(err, "%s %s has no option --%s", invocation->noun->name, command->verb,
                           option_table[option].spelling);
        }
        if (option_table[option].value != NULL && !repeatable && given_before(invocation, i)) {
            return err_set(err, "--%s is given twice", option_table[option].spelling);
        }
    }
    for (const struct input *input = command->inputs; input != NULL && input->option != OPTION_NONE;
         input++) {
        if ((input->flags & INPUT_REQUIRED) != 0 && input->shape != SHAPE_SECRET &&
            !option_given(invocation, input->option)) {
            return err_set(err, "%s %s needs --%s %s", invocation->noun->name, command->verb,
                           option_table[input->option].spelling, option_table[input->option].value);
        }
    }
    return true;
}

static bool check_globals(const struct invocation *invocation, struct err *err)
{
    static const enum option pairs[][2] = {
        {OPTION_SOCKET, OPTION_URL},
        {OPTION_PLAIN, OPTION_WIDE},
    };
    static const enum option of_url[] = {OPTION_TOKEN_FILE, OPTION_CACERT};

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (option_given(invocation, pairs[i][0]) && option_given(invocation, pairs[i][1])) {
            return err_set(err, "--%s and --%s exclude each other",
                           option_table[pairs[i][0]].spelling, option_table[pairs[i][1]].spelling);
        }
    }
    for (size_t i = 0; i < sizeof(of_url) / sizeof(of_url[0]); i++) {
        if (option_given(invocation, of_url[i]) && !option_given(invocation, OPTION_URL)) {
            return err_set(err, "--%s belongs to --url", option_table[of_url[i]].spelling);
        }
    }
    return true;
}

static bool check_arguments(const struct invocation *invocation, struct err *err)
{
    const struct command *command = invocation->command;
    const char *noun = invocation->noun->name;

    if (invocation->count < command->min || invocation->count > command_max(command)) {
        return err_set(err, "%s arguments; usage: %s %s %s%s%s",
                       invocation->count < command->min ? "too few" : "too many", program_name(),
                       noun, command->verb, command->arguments[0] != '\0' ? " " : "",
                       command->arguments);
    }
    for (size_t i = 0; i < invocation->count; i++) {
        if (invocation->words[i][0] == '\0' && !command->empty) {
            return err_set(err, "an argument is empty; usage: %s %s %s %s", program_name(), noun,
                           command->verb, command->arguments);
        }
    }
    return true;
}

/* Drops the first `count` words. */
static void shift(struct invocation *invocation, size_t count)
{
    invocation->count -= count;
    memmove(invocation->words, invocation->words + count,
            invocation->count * sizeof(invocation->words[0]));
}

const struct columns *command_columns(const struct invocation *invocation)
{
    const struct command *command = invocation->command;

    return command->columns != NULL ? command->columns : invocation->noun->columns;
}

bool command_parse(struct invocation *invocation, int argc, char **argv, struct err *err)
{
    *invocation = (struct invocation){.timeout = TIMEOUT_DEFAULT};
    int at = 1;

    if (!check_encoding(argc, argv, err) || !parse_words(invocation, argv, &at, err)) {
        find_json(invocation, argv + at);
        return false;
    }
    if (option_given(invocation, OPTION_VERSION) || option_given(invocation, OPTION_HELP)) {
        return true;
    }
    if (invocation->count > 0 && strcmp(invocation->words[0], "help") == 0) {
        store_option(invocation, OPTION_HELP, NULL, err);
        shift(invocation, 1);
        return true;
    }
    if (invocation->count == 0) {
        return err_set(err, "what shall be done? see %s help", program_name());
    }
    invocation->noun = noun_find(invocation->words[0]);
    if (invocation->noun == NULL) {
        return refuse_noun(invocation->words[0], err);
    }
    if (invocation->count == 1) {
        return err_set(err, "%s needs a verb; see %s help %s", invocation->noun->name,
                       program_name(), invocation->noun->name);
    }
    invocation->command = noun_command(invocation->noun, invocation->words[1]);
    if (invocation->command == NULL) {
        return refuse_verb(invocation->noun, invocation->words[1], err);
    }
    shift(invocation, 2);
    return check_options(invocation, err) && check_globals(invocation, err) &&
           check_arguments(invocation, err);
}
