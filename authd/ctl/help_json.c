/* Describes the commands for programs, from the same table that drives them. */
#include <stdlib.h>
#include <string.h>

#include "ctl/help.h"

static json_t *describe_options(const struct command *command)
{
    json_t *options = json_array();

    for (const struct input *input = command->inputs; input != NULL && input->option != OPTION_NONE;
         input++) {
        const struct option_row *row = &option_table[input->option];

        json_array_append_new(options,
                              json_pack("{s:s, s:s?, s:s, s:b, s:b}", "name", row->spelling,
                                        "value", row->value, "meaning", row->meaning, "required",
                                        (input->flags & INPUT_REQUIRED) != 0, "repeatable",
                                        input->shape == SHAPE_TEXTS));
    }
    return options;
}

static json_t *describe(const struct noun *noun, const struct command *command)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b}", "noun", noun->name, "verb",
                     command->verb, "arguments", command->arguments, "summary", command->summary,
                     "example", command->example, "options", describe_options(command), "asks",
                     command->severity != SEVERITY_MILD, "streams", command->streams);
}

static json_t *describe_named(const char *const *words, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; nouns[i] != NULL; i++) {
        if (count > 0 && strcmp(nouns[i]->name, words[0]) != 0) {
            continue;
        }
        for (const struct command *command = nouns[i]->commands; command->verb != NULL; command++) {
            if (count < 2 || strcmp(command->verb, words[1]) == 0) {
                json_array_append_new(list, describe(nouns[i], command));
            }
        }
    }
    return list;
}

json_t *help_json(const char *const *words, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    json_t *help = NULL;

    if (out == NULL) {
        abort(); /* no memory */
    }

    bool known = help_print(out, words, count);

    fclose(out);
    if (known) {
        help = json_pack("{s:s, s:o}", "text", text, "commands", describe_named(words, count));
    }
    free(text);
    return help;
}
