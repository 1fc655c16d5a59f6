/* Threat: other users of the machine can read a command line. So a password comes from standard
 * input only. */
#include "ctl/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "ctl/prompt.h"
#include "ctl/show.h"

#define PASSWORD_OCTETS_MAX 1024 /* the longest password that authd accepts */

/* ---- secrets ------------------------------------------------------------------------------- */

static const struct input *secret_input(const struct command *command)
{
    for (const struct input *input = command->inputs; input != NULL && input->option != OPTION_NONE;
         input++) {
        if (input->shape == SHAPE_SECRET) {
            return input;
        }
    }
    return NULL;
}

static bool read_secret(const struct context *context, const struct input *input, json_t *body,
                        int *status)
{
    struct buf secret;
    struct err err;
    json_t *value = NULL;

    buf_init(&secret, PASSWORD_OCTETS_MAX);
    if (prompt_secret(&secret, input->member, (input->flags & INPUT_ONCE) == 0, &err)) {
        value = json_stringn(secret.len > 0 ? secret.data : "", secret.len);
        if (value == NULL) {
            err_set(&err, "the %s is not UTF-8", input->member);
        }
    }
    buf_finish(&secret);
    if (value == NULL) {
        *status = context_usage(context, err.text);
        return false;
    }
    json_object_set_new(body, input->member, value);
    return true;
}

static bool add_secret(const struct context *context, json_t *body, int *status)
{
    const struct invocation *invocation = context->invocation;
    const struct input *input = secret_input(invocation->command);

    if (input == NULL ||
        (!option_given(invocation, input->option) && (input->flags & INPUT_REQUIRED) == 0)) {
        return true;
    }
    if (!option_given(invocation, input->option) && !context->input) {
        struct err err;

        err_set(&err, "%s %s needs --%s (%s)", invocation->noun->name, invocation->command->verb,
                option_table[input->option].spelling,
                option_given(invocation, OPTION_NO_INPUT) ? "--no-input is given"
                                                          : "this is not a terminal");
        *status = context_usage(context, err.text);
        return false;
    }
    return read_secret(context, input, body, status);
}

bool run_prepare(struct context *context, struct request *request, int *status)
{
    struct err err;

    if (!request_build(request, context->invocation, &err)) {
        *status = context_usage(context, err.text);
        return false;
    }
    return add_secret(context, request->body, status);
}

/* ---- answers ------------------------------------------------------------------------------- */

static enum form form_of(const struct columns *columns, const char *name)
{
    enum form form = columns_form(columns, name);

    return form == FORM_OBJECT ? FORM_RULES : form;
}

static void say_member(const struct context *context, const char *called, const char *name,
                       const json_t *object)
{
    const struct view people = {true, context->view.now};
    const json_t *value = json_object_get(object, name);
    struct buf text;

    if (value == NULL) {
        return;
    }
    buf_init(&text, 1024);
    if (!value_print(&text, &people, form_of(command_columns(context->invocation), name), value)) {
        buf_append_text(&text, "not set");
    }
    context_say(context, "%s: %s %s %.*s", called, name, context->dry_run ? "would be" : "is now",
                (int)text.len, text.len > 0 ? text.data : "");
    buf_finish(&text);
}

/* Says the present value of each member that the request set. */
static void say_set(const struct context *context, const struct request *request,
                    const json_t *object)
{
    char *called = show_called(command_columns(context->invocation), object);
    const char *name;
    json_t *sent;

    if (json_is_false(json_object_get(object, "changed"))) {
        context_say(context, "%s is unchanged", called);
        free(called);
        return;
    }
    json_object_foreach(request->body, name, sent)
    {
        bool ends = strcmp(name, "expires_in") == 0; /* the time when it ends is printed */

        say_member(context, called, ends ? "expires_at" : name, object);
    }
    free(called);
}

/* Prints the secret alone on stdout, so that a file gets nothing else. Explanations go to
 * stderr. */
static void show_secret(const struct context *context, json_t *object)
{
    json_t *secret = json_object_get(object, "secret");

    if (context->json) {
        print_json(stdout, object);
    } else if (json_is_string(secret)) {
        struct buf line;

        buf_init(&line, 1024);
        print_escape(&line, json_string_value(secret));
        printf(context->terminal ? "\n  %.*s\n\n" : "%.*s\n", (int)line.len, line.data);
        buf_finish(&line);
    }
    fflush(stdout);
    if (json_is_string(secret)) {
        secret_wipe((char *)json_string_value(secret), json_string_length(secret));
    }
}

/* Says on stderr which credential was made, before its secret is printed. */
static void say_made(const struct context *context, const struct columns *columns,
                     const json_t *object)
{
    char *called = show_called(columns, object);
    struct buf until;
    struct view people = {true, context->view.now};

    if (!context->json) {
        buf_init(&until, 128);
        value_print(&until, &people, FORM_EXPIRY, json_object_get(object, "expires_at"));
        buf_append(&until, "", 1);
        context_say(context, "%s %s  %s  expires %s", columns->name, called != NULL ? called : "",
                    json_object_get(object, "label") != NULL
                        ? json_string_value(json_object_get(object, "label"))
                        : "",
                    until.data);
        buf_finish(&until);
    }
    free(called);
}

/* Says which credentials the change ended. */
static void say_ended(const struct context *context, const json_t *object)
{
    struct buf counts;

    if (json_object_get(object, "ended") == NULL) {
        return;
    }
    buf_init(&counts, 1024);
    confirm_counts(&counts, object);
    if (counts.len > 0) {
        context_say(context, "%s: %.*s", context->dry_run ? "would end" : "ended", (int)counts.len,
                    counts.data);
    }
    buf_finish(&counts);
}

/* Prints the document as a file would hold it. Prints nothing on stdout if there is no document. */
static void show_document(const struct context *context, const json_t *object)
{
    const json_t *document = json_object_get(object, "document");
    char *called;

    if (context->json) {
        print_json(stdout, object);
        return;
    }
    if (json_is_object(document)) {
        json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        putchar('\n');
        return;
    }
    called = show_called(command_columns(context->invocation), object);
    context_say(context, "%s has no document of its own", called != NULL ? called : "it");
    free(called);
}

static void show_answer(struct context *context, const struct request *request, json_t *object)
{
    const struct command *command = context->invocation->command;
    const struct columns *columns = command_columns(context->invocation);

    switch (command->output) {
    case OUTPUT_CHANGE:
        show_change(context, columns, object, command->done);
        break;
    case OUTPUT_SECRET:
        say_made(context, columns, object);
        show_secret(context, object);
        break;
    case OUTPUT_CODES:
        if (context->json) {
            print_json(stdout, object);
        }
        break;
    case OUTPUT_DOCUMENT:
        show_document(context, object);
        break;
    case OUTPUT_OBJECT:
    case OUTPUT_LIST:
        show_object(context, columns, object);
        if (strcmp(command->method, "PATCH") == 0) {
            fflush(stdout);
            say_set(context, request, object);
        }
        break;
    }
    fflush(stdout);
    say_ended(context, object);
    if (command->after != NULL) {
        command->after(context, object);
    }
    if (context->dry_run) {
        context_say(context, "Nothing was changed.");
    }
}

/* ---- calls --------------------------------------------------------------------------------- */

static int run_list(struct context *context, const struct request *request)
{
    const struct invocation *invocation = context->invocation;
    bool paged = command_input(invocation->command, OPTION_LIMIT) != NULL;
    const char *text = option_value(invocation, OPTION_LIMIT);
    bool filtered = memchr(request->path.data, '?', request->path.len) != NULL;
    size_t limit = 0;
    int status;

    if (text != NULL) {
        char *end;

        limit = strtoul(text, &end, 10);
        if (*end != '\0' || text[0] < '1' || text[0] > '9') {
            return context_usage(context, "--limit takes a number from 1 on");
        }
    }

    json_t *items = context_list(context, &request->path, limit, paged, &status);

    if (items != NULL) {
        show_list(context, command_columns(context->invocation), items, filtered);
        if (invocation->command->after != NULL) {
            invocation->command->after(context, items);
        }
    }
    json_decref(items);
    return status;
}

static int run_call(struct context *context, struct request *request)
{
    const struct command *command = context->invocation->command;
    bool empty = json_object_size(request->body) == 0 &&
                 (command->member == NULL || command->member[0] != '\0');
    const json_t *body = empty ? NULL : request->body;
    bool reads = strcmp(command->method, "GET") == 0;
    json_t *object;
    int status;

    if (!confirm(context, request, &status)) {
        return status;
    }
    object = reads ? context_get(context, &request->path, &status)
                   : context_change(context, command->method, &request->path, body, &status);
    if (object != NULL) {
        show_answer(context, request, object);
    }
    json_decref(object);
    return status;
}

int run_command(struct context *context)
{
    struct request request;
    int status;

    if (run_prepare(context, &request, &status)) {
        status = context->invocation->command->output == OUTPUT_LIST ? run_list(context, &request)
                                                                     : run_call(context, &request);
    }
    request_finish(&request);
    return status;
}
