#include "ctl/context.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/program.h"
#include "ctl/progress.h"

#define LINE_MAX_LENGTH (64 * 1024)

/* ---- messages ------------------------------------------------------------------------------ */

/* Escapes control characters, since the text may come from authd or from the command line. */
static void say(const char *prefix, const char *text)
{
    struct buf line;

    buf_init(&line, LINE_MAX_LENGTH);
    print_escape(&line, text);
    fprintf(stderr, "%s%.*s\n", prefix, (int)line.len, line.len > 0 ? line.data : "");
    buf_finish(&line);
}

void context_say(const struct context *context, const char *format, ...)
{
    char text[1024];
    va_list args;

    (void)context;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    say("", text);
}

/* Says all errors but the first in one line. The problem's detail already tells the first. */
static void say_errors(const json_t *errors)
{
    struct buf line;

    buf_init(&line, LINE_MAX_LENGTH);
    for (size_t i = 1; i < json_array_size(errors); i++) {
        const char *field = NULL;
        const char *detail = NULL;

        if (json_unpack(json_array_get(errors, i), "{s:s, s:s}", "field", &field, "detail",
                        &detail) == 0) {
            buf_printf(&line, "%s%s %s", line.len > 0 ? "; " : "", field, detail);
        }
    }
    if (line.len > 0) {
        buf_append(&line, "", 1);
        say("  detail: ", line.data);
    }
    buf_finish(&line);
}

static void say_problem(const struct context *context, const json_t *problem)
{
    const char *what = json_string_value(json_object_get(problem, "detail"));
    const char *hint = json_string_value(json_object_get(problem, "hint"));
    const char *reference = json_string_value(json_object_get(problem, "reference"));
    char prefix[PROGRAM_NAME_MAX + 3];

    if (what == NULL) {
        what = json_string_value(json_object_get(problem, "title"));
    }
    snprintf(prefix, sizeof(prefix), "%s: ", program_name());
    say(prefix, what != NULL ? what : "refused");
    if (context->json) {
        return; /* stdout has the whole problem */
    }
    say_errors(json_object_get(problem, "errors"));
    if (hint != NULL) {
        say("  hint:   ", hint);
    }
    if (reference != NULL) {
        say("  request ", reference);
    }
}

int context_fail(const struct context *context, const struct answer *answer)
{
    if (context->json) {
        print_json(stdout, answer->json);
    }
    say_problem(context, answer->json);
    json_decref(answer->json);
    return (int)answer->exit;
}

int context_usage(const struct context *context, const char *text)
{
    struct answer answer = {.exit = EXIT_USAGE,
                            .json = problem_create("usage", "Wrong usage", text, NULL)};

    return context_fail(context, &answer);
}

/* ---- calls --------------------------------------------------------------------------------- */

static struct answer call(struct context *context, const char *method, struct buf *path,
                          const json_t *body)
{
    buf_append(path, "", 1);
    if (path->overflow) {
        return (struct answer){
            .exit = EXIT_USAGE,
            .json = problem_create("usage", "Wrong usage", "the arguments are too long", NULL)};
    }

    struct answer answer = client_call(context->client, method, path->data, body);

    if (option_given(context->invocation, OPTION_VERBOSE)) {
        const char *reference = json_string_value(json_object_get(answer.json, "reference"));

        context_say(context, "%s %s  %ld  %.0f ms%s%s", method, path->data, answer.status,
                    answer.seconds * 1000, reference != NULL ? "  request " : "",
                    reference != NULL ? reference : "");
    }
    return answer;
}

json_t *context_call(struct context *context, const char *method, struct buf *path,
                     const json_t *body, int *status)
{
    struct answer answer = call(context, method, path, body);

    if (answer.exit == EXIT_DONE) {
        *status = EXIT_DONE;
        return answer.json;
    }
    *status = context_fail(context, &answer);
    return NULL;
}

json_t *context_get(struct context *context, struct buf *path, int *status)
{
    return context_call(context, "GET", path, NULL, status);
}

json_t *context_change(struct context *context, const char *method, struct buf *path,
                       const json_t *body, int *status)
{
    if (context->dry_run) {
        request_query(path, "dry_run", "true");
    }

    json_t *object = context_call(context, method, path, body, status);

    if (object != NULL && !context->dry_run) {
        context->changed = !json_is_false(json_object_get(object, "changed"));
    }
    return object;
}

json_t *context_dry_run(struct context *context, const char *method, const struct buf *path,
                        const json_t *body, int *status)
{
    struct buf copy;

    buf_init(&copy, PATH_MAX_LENGTH);
    buf_append(&copy, path->data, path->len);
    request_query(&copy, "dry_run", "true");

    json_t *object = context_call(context, method, &copy, body, status);

    buf_finish(&copy);
    return object;
}

json_t *context_get_optional(struct context *context, const char *path)
{
    struct buf text;

    buf_init(&text, PATH_MAX_LENGTH);
    buf_append_text(&text, path);

    struct answer answer = call(context, "GET", &text, NULL);

    buf_finish(&text);
    if (answer.exit == EXIT_DONE) {
        return answer.json;
    }
    json_decref(answer.json);
    return NULL;
}

/* ---- lists --------------------------------------------------------------------------------- */

/* Items in one page. A page of this size is made quickly enough to delay no login. */
#define PAGE_SIZE 200

static void add_page(json_t *items, const json_t *page, size_t limit)
{
    const json_t *more = json_object_get(page, "items");

    for (size_t i = 0; i < json_array_size(more); i++) {
        if (limit == 0 || json_array_size(items) < limit) {
            json_array_append(items, json_array_get(more, i));
        }
    }
}

/* Reads one more page. `next` is the page's cursor, or NULL for the first page, and becomes the
 * cursor of the page after it. Returns the answer; on success its object is NULL. */
static struct answer take_page(struct context *context, struct buf *path, json_t *items,
                               size_t limit, char **next)
{
    const char *cursor;

    if (*next != NULL) {
        request_query(path, "cursor", *next);
        free(*next);
        *next = NULL;
    }

    struct answer answer = call(context, "GET", path, NULL);

    if (answer.exit != EXIT_DONE) {
        return answer;
    }
    add_page(items, answer.json, limit);
    cursor = json_string_value(json_object_get(answer.json, "next"));
    if (cursor != NULL && (limit == 0 || json_array_size(items) < limit)) {
        *next = mem_strdup(cursor);
    }
    json_decref(answer.json);
    answer.json = NULL;
    return answer;
}

json_t *context_list(struct context *context, const struct buf *path, size_t limit, bool paged,
                     int *status)
{
    json_t *items = json_array();
    size_t page_size = limit > 0 && limit < PAGE_SIZE ? limit : PAGE_SIZE;
    struct answer answer;
    struct progress progress;
    char *next = NULL;

    progress_begin(&progress, "reading");
    do {
        char size[24];
        struct buf copy;

        buf_init(&copy, PATH_MAX_LENGTH);
        buf_append(&copy, path->data, path->len);
        if (paged) {
            snprintf(size, sizeof(size), "%zu", page_size);
            request_query(&copy, "limit", size);
        }
        answer = take_page(context, &copy, items, limit, &next);
        buf_finish(&copy);
        progress_show(&progress, json_array_size(items), limit);
    } while (next != NULL);
    progress_end(&progress);
    *status = EXIT_DONE;
    if (answer.exit != EXIT_DONE) {
        json_decref(items);
        *status = context_fail(context, &answer);
        return NULL;
    }
    return items;
}
