/* Asks for confirmation before something is lost. A dry run of the same call tells what
 * would be lost, so authd refuses a forbidden call before the question. */
#include <stdlib.h>
#include <string.h>

#include "ctl/prompt.h"
#include "ctl/run.h"
#include "ctl/show.h"

/* Prints "app passwords" for "app_passwords", or "app password" if the count is one. */
static void print_noun(struct buf *out, const char *member, size_t count)
{
    size_t len = strlen(member);

    if (count == 1 && len > 4 && strcmp(member + len - 4, "sses") == 0) {
        len -= 2;
    } else if (count == 1 && len > 1 && member[len - 1] == 's') {
        len -= 1;
    }
    for (size_t i = 0; i < len; i++) {
        buf_append(out, member[i] == '_' ? " " : &member[i], 1);
    }
}

/* Prints the length of each member that is a list and, if `numbers`, each number greater than
 * zero. */
static void print_counts(struct buf *out, const json_t *object, bool numbers)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        size_t count = json_array_size(value);

        if (numbers && json_is_integer(value) && json_integer_value(value) > 0) {
            count = (size_t)json_integer_value(value);
        }
        if (count > 0) {
            buf_printf(out, "%s%zu ", out->len > 0 ? ", " : "", count);
            print_noun(out, name, count);
        }
    }
}

void confirm_counts(struct buf *out, const json_t *answer)
{
    const json_t *ended = json_object_get(answer, "ended");
    const json_t *users = json_object_get(answer, "users");

    if (ended == NULL) {
        print_counts(out, answer, false);
        return;
    }
    if (json_is_integer(users)) {
        buf_printf(out, "%s%zu ", out->len > 0 ? ", " : "", (size_t)json_integer_value(users));
        print_noun(out, "users", (size_t)json_integer_value(users));
    }
    print_counts(out, ended, true);
}

static void print_question(struct buf *question, const struct context *context, const char *called,
                           const json_t *answer)
{
    const struct invocation *invocation = context->invocation;
    const char *label = json_string_value(json_object_get(answer, "label"));
    struct buf counts;

    buf_init(&counts, 1024);
    if (invocation->command->loses != NULL) {
        buf_append_text(&counts, invocation->command->loses);
    } else if (json_is_true(json_object_get(answer, "has_password"))) {
        buf_append_text(&counts, "a password");
    }
    confirm_counts(&counts, answer);
    buf_printf(question, "%s %s ", invocation->noun->name, invocation->command->verb);
    print_escape(question, called);
    if (label != NULL) {
        buf_append_text(question, " (");
        print_escape(question, label);
        buf_append_text(question, ")");
    }
    if (counts.len > 0) {
        buf_printf(question, ": %.*s", (int)counts.len, counts.data);
    }
    buf_append_text(question, ". It cannot be undone.");
    buf_finish(&counts);
}

static bool ask(struct context *context, const json_t *answer)
{
    bool severe = context->invocation->command->severity == SEVERITY_SEVERE;
    char *called = show_called(command_columns(context->invocation), answer);
    struct buf question;
    bool yes;

    buf_init(&question, 8192);
    print_question(&question, context, called != NULL ? called : "", answer);
    buf_append_text(&question, severe ? " Type its name to go on:" : " Go on? [y/N]");
    buf_append(&question, "", 1);
    yes = severe ? prompt_name(question.data, called != NULL ? called : "")
                 : prompt_yes(question.data);
    buf_finish(&question);
    free(called);
    return yes;
}

bool confirm(struct context *context, const struct request *request, int *status)
{
    const struct invocation *invocation = context->invocation;
    const struct command *command = invocation->command;
    struct err err;

    if (command->severity == SEVERITY_MILD || context->dry_run ||
        option_given(invocation, OPTION_YES)) {
        return true;
    }
    if (!context->input) {
        err_set(&err, "%s %s needs --yes (%s)", invocation->noun->name, command->verb,
                option_given(invocation, OPTION_NO_INPUT) ? "--no-input is given"
                                                          : "this is not a terminal");
        *status = context_usage(context, err.text);
        return false;
    }

    json_t *answer =
        context_dry_run(context, command->method, &request->path,
                        json_object_size(request->body) > 0 ? request->body : NULL, status);

    if (answer == NULL) {
        return false;
    }

    bool yes = ask(context, answer);

    json_decref(answer);
    if (!yes) {
        struct answer no = {.exit = EXIT_REFUSED,
                            .json = problem_create("not-confirmed", "Not confirmed",
                                                   "not confirmed: nothing was changed", NULL)};

        *status = context_fail(context, &no);
    }
    return yes;
}
