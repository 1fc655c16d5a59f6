/* Prints the manual page from the command table, like help. */
#include <string.h>

#include "base/program.h"
#include "ctl/help.h"

/* Escapes what roff would interpret: backslashes, hyphens, and a dot or an apostrophe at the
 * beginning. */
static void print_roff(FILE *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\\') {
            fputs("\\e", out);
        } else if (*c == '-') {
            fputs("\\-", out);
        } else if ((*c == '.' || *c == '\'') && c == text) {
            fprintf(out, "\\&%c", *c);
        } else {
            fputc(*c, out);
        }
    }
}

static void print_option(FILE *out, enum option option)
{
    fputs(".TP\n\\fB\\-\\-", out);
    print_roff(out, option_table[option].spelling);
    fputs("\\fR", out);
    if (option_table[option].value != NULL) {
        fprintf(out, " \\fI%s\\fR", option_table[option].value);
    }
    fputc('\n', out);
    print_roff(out, option_table[option].meaning);
    fputc('\n', out);
}

static void print_command(FILE *out, const struct noun *noun, const struct command *command)
{
    fputs(".SS ", out);
    print_roff(out, noun->name);
    fputc(' ', out);
    print_roff(out, command->verb);
    fputc(' ', out);
    print_roff(out, command->arguments);
    fputc('\n', out);
    print_roff(out, command->summary);
    fputs(".\n.PP\n.nf\n    ", out);
    print_roff(out, program_name());
    fputc(' ', out);
    print_roff(out, command->example);
    fputs("\n.fi\n", out);
    for (const struct input *input = command->inputs; input != NULL && input->option != OPTION_NONE;
         input++) {
        print_option(out, input->option);
    }
}

static void print_head(FILE *out)
{
    fputs(".TH ", out);
    print_roff(out, program_name());
    fputs(" 1\n.SH NAME\n", out);
    print_roff(out, program_name());
    fputs(" \\- manages the users of authd\n.SH SYNOPSIS\n\\fB", out);
    print_roff(out, program_name());
    fputs("\\fR [\\fIOPTION\\fR...] \\fINOUN VERB\\fR [\\fIARGUMENT\\fR...]\n"
          ".SH COMMANDS\n",
          out);
}

void help_manual(FILE *out)
{
    print_head(out);
    for (size_t i = 0; nouns[i] != NULL; i++) {
        for (const struct command *command = nouns[i]->commands; command->verb != NULL; command++) {
            print_command(out, nouns[i], command);
        }
    }
    fputs(".SH OPTIONS OF EVERY COMMAND\n", out);
    for (unsigned option = OPTION_SOCKET; option < OPTION_COUNT; option++) {
        print_option(out, (enum option)option);
    }
    fputs(".SH EXIT STATUS\n"
          ".TP\n0\nDone, or answered.\n"
          ".TP\n1\nRefused or not found: change what you ask for.\n"
          ".TP\n2\nUsage: change the command line.\n"
          ".TP\n3\nauthd cannot be reached, cannot tell now, or a limit is reached: try again "
          "later.\n",
          out);
}
