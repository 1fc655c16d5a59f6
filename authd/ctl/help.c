/* What `authctl help` says, made from the command table. */
#include <string.h>

#include "ctl/command.h"

static const struct {
    const char *spelling;
    const char *value;
    const char *meaning;
} option_table[OPTION_COUNT] = {
#define X(name, spelling, value, meaning) [OPTION_##name] = {spelling, value, meaning},
    OPTIONS(X)
#undef X
};

static void print_options(FILE *out, unsigned options)
{
    for (unsigned option = 0; option < OPTION_COUNT; option++) {
        char text[40];

        if ((options & 1u << option) == 0) {
            continue;
        }
        snprintf(text, sizeof(text), "--%s %s", option_table[option].spelling,
                 option_table[option].value != NULL ? option_table[option].value : "");
        fprintf(out, "  %-18s %s\n", text, option_table[option].meaning);
    }
}

static void print_overview(FILE *out)
{
    fputs("authctl: manages the users of authd.\n\n"
          "  authctl user add alice@example.org\n"
          "  authctl password set alice@example.org\n"
          "  authctl user list --suspended\n\n"
          "Commands:\n",
          out);
    for (const struct command *command = commands; command->noun != NULL; command++) {
        fprintf(out, "  %-8s %-8s %s\n", command->noun, command->verb, command->summary);
    }
    fputs("\nOptions of every command:\n", out);
    print_options(out, OPTIONS_GLOBAL);
    fputs("\nMore: authctl help NOUN VERB, authctl help exit-status\n", out);
}

static void print_exit_status(FILE *out)
{
    fputs("0  done, or answered\n"
          "1  refused or not found: change what you ask for\n"
          "2  usage: change the command line\n"
          "3  authd cannot be reached, or cannot tell now: try again\n",
          out);
}

static void print_usage(FILE *out, const struct command *command)
{
    fprintf(out, "usage: authctl %s %s", command->noun, command->verb);
    if (command->arguments[0] != '\0') {
        fprintf(out, " %s", command->arguments);
    }
    for (unsigned option = 0; option < OPTION_COUNT; option++) {
        const char *value = option_table[option].value;

        if ((command->options & 1u << option) != 0) {
            fprintf(out, " [--%s%s%s]%s", option_table[option].spelling, value != NULL ? " " : "",
                    value != NULL ? value : "", option == OPTION_ADDRESS ? "..." : "");
        }
    }
    fputc('\n', out);
}

static void print_command(FILE *out, const struct command *command)
{
    fprintf(out, "%s.\n\n  %s\n\n", command->summary, command->example);
    print_usage(out, command);
    if (command->options != 0) {
        fputs("\nOptions:\n", out);
        print_options(out, command->options);
    }
    fputs("\nOptions of every command:\n", out);
    print_options(out, OPTIONS_GLOBAL);
}

bool help_print(FILE *out, const char *const *words, size_t count)
{
    bool found = false;

    if (count == 0) {
        print_overview(out);
        return true;
    }
    if (strcmp(words[0], "exit-status") == 0) {
        print_exit_status(out);
        return true;
    }
    for (const struct command *command = commands; command->noun != NULL; command++) {
        if (strcmp(command->noun, words[0]) != 0) {
            continue;
        }
        if (count == 1) {
            fprintf(out, "  authctl %s %s %s\n      %s.\n", command->noun, command->verb,
                    command->arguments, command->summary);
            found = true;
        } else if (strcmp(command->verb, words[1]) == 0) {
            print_command(out, command);
            found = true;
        }
    }
    return found;
}
