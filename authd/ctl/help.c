#include "ctl/help.h"

#include <string.h>

#include "base/program.h"
#include "ctl/columns.h"

#define PAGE_WIDTH 80

/* Breaks at blanks; every line but the first begins with `indent` blanks. */
static void print_wrapped(FILE *out, const char *text, size_t indent)
{
    size_t column = indent;
    bool first = true;

    while (*text != '\0') {
        size_t word = strcspn(text, " ");

        if (!first && column + 1 + word > PAGE_WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, word, out);
        column += word;
        text += word;
        text += strspn(text, " ");
        first = false;
    }
    fputc('\n', out);
}

#define OPTION_INDENT 26

static void print_option(FILE *out, enum option option)
{
    char text[48];

    snprintf(text, sizeof(text), "--%s %s", option_table[option].spelling,
             option_table[option].value != NULL ? option_table[option].value : "");
    fprintf(out, "  %-*s", OPTION_INDENT - 2, text);
    print_wrapped(out, option_table[option].meaning, OPTION_INDENT);
}

static void print_globals(FILE *out)
{
    for (unsigned option = OPTION_SOCKET; option < OPTION_COUNT; option++) {
        print_option(out, (enum option)option);
    }
}

/* ---- topics -------------------------------------------------------------------------------- */

static void print_overview(FILE *out)
{
    fprintf(out,
            "%1$s manages the users of authd.\n\n"
            "  %1$s user add alice@example.org\n"
            "  %1$s password set alice@example.org\n"
            "  %1$s app-password add alice@example.org --label Scanner\n"
            "  %1$s user list --suspended\n\n",
            program_name());
    for (size_t i = 0; nouns[i] != NULL; i++) {
        fprintf(out, "  %-14s", nouns[i]->name);

        char verbs[256] = "";
        size_t len = 0;

        for (const struct command *command = nouns[i]->commands; command->verb != NULL; command++) {
            len += (size_t)snprintf(verbs + len, sizeof(verbs) - len, "%s%s", len > 0 ? " " : "",
                                    command->verb);
        }
        print_wrapped(out, verbs, 16);
    }
    fprintf(out, "\nMore: %s help NOUN [VERB] | options | exit-status | json NOUN\n",
            program_name());
}

static void print_exit_status(FILE *out)
{
    fputs("0  done, or answered\n"
          "1  refused or not found: change what you ask for\n"
          "2  usage: change the command line\n"
          "3  authd cannot be reached, cannot tell now, or a limit is reached: try again later\n",
          out);
}

#define MEANING_INDENT 44

/* The meaning of a member, and the words that it may have. */
static void print_meaning(FILE *out, const struct response_member *member)
{
    struct buf text;

    buf_init(&text, 4096);
    buf_append_text(&text, member->meaning);
    for (size_t i = 0; member->words != NULL && member->words[i] != NULL; i++) {
        buf_printf(&text, "%s%s", i == 0 ? " One of: " : ", ", member->words[i]);
    }
    buf_append_text(&text, member->words != NULL ? "." : "");
    buf_append(&text, "", 1);
    print_wrapped(out, text.data, MEANING_INDENT);
    buf_finish(&text);
}

static void print_members(FILE *out, const struct response_schema *schema)
{
    static const char *const types[] = {
        [RESPONSE_TEXT] = "text",
        [RESPONSE_BOOLEAN] = "boolean",
        [RESPONSE_INTEGER] = "number",
        [RESPONSE_TIME] = "time",
        [RESPONSE_TEXTS] = "list of texts",
        [RESPONSE_OBJECT] = "object",
        [RESPONSE_OBJECTS] = "list of objects",
    };

    for (const struct response_member *member = schema->members; member->name != NULL; member++) {
        fprintf(out, "  %-25s %-15s ", member->name, types[member->type]);
        print_meaning(out, member);
    }
}

/* `name`: a noun, or NULL for what all nouns have in common. */
static bool print_json_help(FILE *out, const char *name)
{
    const struct noun *noun = name != NULL ? noun_find(name) : NULL;

    if (noun != NULL && noun->columns != NULL && noun->columns->schema->members != NULL) {
        fprintf(out, "With --json, the members of each %s:\n\n", noun->columns->name);
        print_members(out, noun->columns->schema);
        fprintf(out, "\nMore members may come. Lists, times and refusals: %s help json\n",
                program_name());
        return true;
    }
    if (name != NULL) {
        return false;
    }
    fputs(
        "--json prints exactly one value: an object; a list, {\"items\": [...], \"next\": null};\n"
        "or, when the command failed, a problem:\n\n",
        out);
    print_members(out, &response_problem);
    fputs("\nA report is no problem, although it makes the exit status 1 when it is bad: those of\n"
          "audit verify, import and password strength --exit-status. Commands that stream print\n"
          "one value on each line, and after a failure a problem; their help says so.\n",
          out);
    fprintf(out,
            "\nEvery object has kind, id (a text) and etag; the answer to a change has changed\n"
            "besides. Times are RFC 3339 in UTC, what is not set is null. Members are only added.\n"
            "The members of one kind: %s help json NOUN\n",
            program_name());
    return true;
}

/* ---- commands ------------------------------------------------------------------------------ */

/* "[--role ROLE]" */
static void print_input(char *text, size_t size, const struct input *input)
{
    const char *value = option_table[input->option].value;
    bool required = (input->flags & INPUT_REQUIRED) != 0 && input->shape != SHAPE_SECRET;

    snprintf(text, size, "%s--%s%s%s%s%s", required ? "" : "[",
             option_table[input->option].spelling, value != NULL ? " " : "",
             value != NULL ? value : "", required ? "" : "]",
             input->shape == SHAPE_TEXTS ? "..." : "");
}

void help_usage(FILE *out, const struct noun *noun, const struct command *command)
{
    size_t column =
        (size_t)fprintf(out, "usage: %s %s %s", program_name(), noun->name, command->verb);

    if (command->arguments[0] != '\0') {
        column += (size_t)fprintf(out, " %s", command->arguments);
    }
    for (const struct input *input = command->inputs; input != NULL && input->option != OPTION_NONE;
         input++) {
        char text[96];

        print_input(text, sizeof(text), input);
        if (column + 1 + strlen(text) > PAGE_WIDTH) {
            column = (size_t)fprintf(out, "\n      ") - 1;
        }
        column += (size_t)fprintf(out, " %s", text);
    }
    fputc('\n', out);
}

static void print_command(FILE *out, const struct noun *noun, const struct command *command)
{
    fprintf(out, "  %s %s\n\n", program_name(), command->example);
    help_usage(out, noun, command);
    fputs("\n", out);
    print_wrapped(out, command->summary, 0);
    if (command->keys != NULL) {
        fprintf(out, "\nKeys: %s\n", command->keys);
    }
    if (command->streams) {
        fputs("\nWith --json this command streams: it prints one JSON value on each line. After a\n"
              "failure the last line is a problem.\n",
              out);
    }
    if (command->inputs != NULL) {
        fprintf(out, "\nOptions (those of every command: %s help options):\n", program_name());
    }
    for (const struct input *input = command->inputs; input != NULL && input->option != OPTION_NONE;
         input++) {
        print_option(out, input->option);
    }
}

static void print_noun(FILE *out, const struct noun *noun)
{
    fprintf(out, "%s: %s.\n\n", noun->name, noun->summary);
    for (const struct command *command = noun->commands; command->verb != NULL; command++) {
        fprintf(out, "  %s %s %s%s%s\n      ", program_name(), noun->name, command->verb,
                command->arguments[0] != '\0' ? " " : "", command->arguments);
        print_wrapped(out, command->summary, 6);
    }
}

bool help_print(FILE *out, const char *const *words, size_t count)
{
    const struct noun *noun;
    const struct command *command;

    if (count == 0) {
        print_overview(out);
        return true;
    }
    if (strcmp(words[0], "exit-status") == 0) {
        print_exit_status(out);
        return true;
    }
    if (strcmp(words[0], "options") == 0) {
        print_globals(out);
        return true;
    }
    if (strcmp(words[0], "json") == 0) {
        return print_json_help(out, count > 1 ? words[1] : NULL);
    }
    noun = noun_find(words[0]);
    command = noun != NULL && count > 1 ? noun_command(noun, words[1]) : NULL;
    if (command != NULL) {
        print_command(out, noun, command);
    } else if (noun != NULL && count == 1) {
        print_noun(out, noun);
    }
    return command != NULL || (noun != NULL && count == 1);
}
