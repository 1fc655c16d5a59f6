#include "ctl/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#define TIMEOUT_DEFAULT 30
#define TIMEOUT_MAX     3600

static const struct {
    const char *spelling;
    bool has_value;
} option_table[OPTION_COUNT] = {
#define X(name, spelling, value, meaning) [OPTION_##name] = {spelling, (value) != NULL},
    OPTIONS(X)
#undef X
};

/* ---- suggestions --------------------------------------------------------------------------- */

#define WORD_MAX 24

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Levenshtein's; words too long to be a slip of the finger are far from everything. */
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

/* What other tools call these verbs. */
static bool is_synonym(const char *word, const char *verb)
{
    static const char *const pairs[][2] = {
        {"remove", "delete"}, {"delete", "remove"}, {"rm", "delete"},       {"rm", "remove"},
        {"create", "add"},    {"new", "add"},       {"ls", "list"},         {"get", "show"},
        {"info", "show"},     {"edit", "set"},      {"modify", "set"},      {"update", "set"},
        {"change", "set"},    {"reset", "clear"},   {"disable", "suspend"}, {"lock", "suspend"},
        {"enable", "resume"}, {"unlock", "resume"}, {"unset", "clear"},     {"unsuspend", "resume"},
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(pairs[i][0], word) == 0 && strcmp(pairs[i][1], verb) == 0) {
            return true;
        }
    }
    return false;
}

static void consider(const char *word, const char *candidate, const char **best, size_t *closest)
{
    size_t far = is_synonym(word, candidate) ? 0 : distance(word, candidate);

    if (far < *closest && far * 2 < strlen(word)) {
        *closest = far;
        *best = candidate;
    }
}

#define CLOSE 3 /* nearer than this is a suggestion */

static bool refuse_noun(const char *word, struct err *err)
{
    const char *best = NULL;
    size_t closest = CLOSE;

    for (const struct command *command = commands; command->noun != NULL; command++) {
        consider(word, command->noun, &best, &closest);
    }
    if (best != NULL) {
        return err_set(err, "no noun \"%s\"; did you mean \"%s\"?", word, best);
    }
    return err_set(err, "no noun \"%s\"; see authctl help", word);
}

static bool refuse_verb(const char *noun, const char *word, struct err *err)
{
    const char *best = NULL;
    size_t closest = CLOSE;

    for (const struct command *command = commands; command->noun != NULL; command++) {
        if (strcmp(command->noun, noun) == 0) {
            consider(word, command->verb, &best, &closest);
        }
    }
    if (best != NULL) {
        return err_set(err, "no verb \"%s\" for %s; did you mean \"%s\"?", word, noun, best);
    }
    return err_set(err, "no verb \"%s\" for %s; see authctl help %s", word, noun, noun);
}

/* Without a value, which may be a secret: --password=... is a likely mistake. */
static bool refuse_option(const char *spelling, size_t len, struct err *err)
{
    char word[64];
    const char *best = NULL;
    size_t closest = CLOSE;

    if (len >= sizeof(word)) {
        return err_set(err, "no option is that long");
    }
    memcpy(word, spelling, len);
    word[len] = '\0';
    for (unsigned option = 0; option < OPTION_COUNT; option++) {
        consider(word, option_table[option].spelling, &best, &closest);
    }
    if (best != NULL) {
        return err_set(err, "no option --%s; did you mean --%s?", word, best);
    }
    return err_set(err, "no option --%s", word);
}

/* ---- options ------------------------------------------------------------------------------- */

static bool store_timeout(struct invocation *invocation, const char *text, struct err *err)
{
    char *end;

    invocation->timeout = strtol(text, &end, 10);
    if (end == text || (*end != '\0' && strcmp(end, "s") != 0) || invocation->timeout < 1 ||
        invocation->timeout > TIMEOUT_MAX) {
        return err_set(err, "--timeout takes 1 to %d seconds", TIMEOUT_MAX);
    }
    return true;
}

static bool store_option(struct invocation *invocation, enum option option, const char *value,
                         struct err *err)
{
    if (option == OPTION_ADDRESS) {
        if (invocation->address_count == ADDRESSES_MAX) {
            return err_set(err, "more than %d addresses", ADDRESSES_MAX);
        }
        invocation->addresses[invocation->address_count++] = value;
    } else if (option_given(invocation, option) && option_table[option].has_value) {
        return err_set(err, "--%s is given twice", option_table[option].spelling);
    } else if (option == OPTION_TIMEOUT && !store_timeout(invocation, value, err)) {
        return false;
    }
    invocation->given |= 1u << option;
    invocation->values[option] = value;
    return true;
}

/* `word` is what follows "--"; `next` the argument after it, or NULL; `used_next` whether that was
 * the option's value. */
static bool parse_option(struct invocation *invocation, const char *word, const char *next,
                         bool *used_next, struct err *err)
{
    size_t len = strcspn(word, "=");
    const char *value = word[len] == '=' ? word + len + 1 : NULL;
    unsigned option = 0;

    while (option < OPTION_COUNT && (strncmp(option_table[option].spelling, word, len) != 0 ||
                                     option_table[option].spelling[len] != '\0')) {
        option++;
    }
    if (option == OPTION_COUNT) {
        return refuse_option(word, len, err);
    }
    if (!option_table[option].has_value && value != NULL) {
        return err_set(err, "--%s takes no value", option_table[option].spelling);
    }
    if (option_table[option].has_value && value == NULL) {
        if (next == NULL) {
            return err_set(err, "--%s needs a value", option_table[option].spelling);
        }
        value = next;
        *used_next = true;
    }
    return store_option(invocation, (enum option)option, value, err);
}

/* Behind an error options cannot be told from values any more; what looks like --json is taken for
 * it, so that a program gets its one value. */
static void look_for_json(struct invocation *invocation, char *const *rest)
{
    for (; *rest != NULL && strcmp(*rest, "--") != 0; rest++) {
        if (strcmp(*rest, "--json") == 0) {
            invocation->given |= OPTION_BIT(JSON);
        }
    }
}

/* Names, addresses and reasons all become JSON. The one place that looks. */
static bool check_encoding(int argc, char *const *argv, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        if (u8_check((const uint8_t *)argv[i], strlen(argv[i])) != NULL) {
            return err_set(err, "argument %d is not UTF-8", i);
        }
    }
    return true;
}

/* `at`: how far it came. */
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

/* ---- commands ------------------------------------------------------------------------------ */

static const struct command *command_find(const char *noun, const char *verb)
{
    for (const struct command *command = commands; command->noun != NULL; command++) {
        if (strcmp(command->noun, noun) == 0 &&
            (verb == NULL || strcmp(command->verb, verb) == 0)) {
            return command;
        }
    }
    return NULL;
}

static bool check_command(const struct invocation *invocation, struct err *err)
{
    const struct command *command = invocation->command;
    unsigned foreign = invocation->given & ~(command->options | OPTIONS_GLOBAL);

    for (unsigned option = 0; option < OPTION_COUNT; option++) {
        if ((foreign & 1u << option) != 0) {
            return err_set(err, "%s %s has no option --%s", command->noun, command->verb,
                           option_table[option].spelling);
        }
    }
    if (invocation->count < command->min || invocation->count > command->max) {
        return err_set(err, "%s arguments; usage: authctl %s %s %s",
                       invocation->count < command->min ? "too few" : "too many", command->noun,
                       command->verb, command->arguments);
    }
    for (size_t i = 0; i < invocation->count; i++) {
        if (invocation->words[i][0] == '\0') {
            return err_set(err, "an argument is empty; usage: authctl %s %s %s", command->noun,
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

bool command_parse(struct invocation *invocation, int argc, char **argv, struct err *err)
{
    *invocation = (struct invocation){.timeout = TIMEOUT_DEFAULT};
    int at = 1;

    if (!check_encoding(argc, argv, err) || !parse_words(invocation, argv, &at, err)) {
        look_for_json(invocation, argv + at);
        return false;
    }
    if (option_given(invocation, OPTION_VERSION) || option_given(invocation, OPTION_HELP)) {
        return true;
    }
    if (invocation->count > 0 && strcmp(invocation->words[0], "help") == 0) {
        invocation->given |= OPTION_BIT(HELP);
        shift(invocation, 1);
        return true;
    }
    if (invocation->count == 0) {
        return err_set(err, "what shall be done? see authctl help");
    }

    const char *noun = invocation->words[0];

    if (command_find(noun, NULL) == NULL) {
        return refuse_noun(noun, err);
    }
    if (invocation->count == 1) {
        return err_set(err, "%s needs a verb; see authctl help %s", noun, noun);
    }
    invocation->command = command_find(noun, invocation->words[1]);
    if (invocation->command == NULL) {
        return refuse_verb(noun, invocation->words[1], err);
    }
    shift(invocation, 2);
    return check_command(invocation, err);
}
