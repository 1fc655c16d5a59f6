/* What `smtp-authctl help` says, and the manual page: made from the command table and the response
 * schemas. Pure. */
#ifndef CTL_HELP_H
#define CTL_HELP_H

#include <stdio.h>

#include "ctl/command.h"

/* Explains what `words` name: nothing, a noun, a noun and a verb, or a topic. False: there is no
 * such thing. */
bool help_print(FILE *out, const char *const *words, size_t count);

/* The same as one value for --json: {text, commands}. `commands` describes the commands that
 * `words` name: all, those of a noun, or one; a topic names none. The caller owns the value. NULL:
 * there is no such thing. */
json_t *help_json(const char *const *words, size_t count);

/* The manual page as man(7) has it. */
void help_manual(FILE *out);

/* "usage: smtp-authctl user add LOGIN [--role ROLE]", in lines of at most 80 columns. */
void help_usage(FILE *out, const struct noun *noun, const struct command *command);

#endif
