/* authctl audit verify asks authd to check the audit part by part, and adds up the reports. */
#include <stdlib.h>
#include <string.h>

#include "ctl/input_file.h"
#include "ctl/nouns.h"
#include "ctl/progress.h"
#include "ctl/run.h"

#define ANCHORS_MAX  (16 * 1024 * 1024) /* room for the anchors of many years */
#define FLAWS_LISTED 1000

/* Returns the last line of the file that --anchor names: the newest anchor, if the
 * administrator appends each anchor. Returns NULL without --anchor, or after a failure, which is
 * reported and sets `status`. */
static json_t *anchor_of(struct context *context, int *status)
{
    const char *path = option_value(context->invocation, OPTION_ANCHOR);
    struct buf content;
    struct err err;
    json_t *anchor = NULL;

    *status = EXIT_DONE;
    if (path == NULL) {
        return NULL;
    }
    buf_init(&content, ANCHORS_MAX);
    if (document_load(&content, path, &err)) {
        size_t end = content.len;
        size_t begin;

        while (end > 0 && (content.data[end - 1] == '\n' || content.data[end - 1] == '\r')) {
            end--;
        }
        for (begin = end; begin > 0 && content.data[begin - 1] != '\n'; begin--) {
        }
        anchor = json_stringn(content.len > 0 ? content.data + begin : "", end - begin);
        if (anchor == NULL || end == begin) {
            json_decref(anchor);
            anchor = NULL;
            err_set(&err, "%s holds no anchor: a line NUMBER MAC, as audit verify prints it", path);
        }
    }
    buf_finish(&content);
    if (anchor == NULL) {
        *status = context_usage(context, err.text);
    }
    return anchor;
}

static void add_number(json_t *total, const json_t *part, const char *member)
{
    json_int_t sum = json_integer_value(json_object_get(total, member)) +
                     json_integer_value(json_object_get(part, member));

    json_object_set_new(total, member, json_integer(sum));
}

static void add_flaws(json_t *total, const json_t *part)
{
    json_t *flaws = json_object_get(total, "flaws");
    const json_t *more = json_object_get(part, "flaws");

    for (size_t i = 0; i < json_array_size(more); i++) {
        if (json_array_size(flaws) < FLAWS_LISTED) {
            json_array_append(flaws, json_array_get(more, i));
        } else {
            json_int_t count = json_integer_value(json_object_get(total, "more_flaws"));

            json_object_set_new(total, "more_flaws", json_integer(count + 1));
        }
    }
}

/* Adds `part` to `total`, which may be NULL, and returns the sum. The reference to `part` is taken
 * over. */
static json_t *add_part(json_t *total, json_t *part)
{
    static const char *const sums[] = {"seals", "rows", "erased", "expired", "more_flaws"};

    if (total == NULL) {
        return part;
    }
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        add_number(total, part, sums[i]);
    }
    add_flaws(total, part);
    if (json_is_false(json_object_get(part, "verified"))) {
        json_object_set_new(total, "verified", json_false());
    }
    if (json_is_string(json_object_get(part, "anchor"))) {
        json_object_set(total, "anchor", json_object_get(part, "anchor"));
    }
    json_object_set(total, "complete", json_object_get(part, "complete"));
    json_object_set(total, "next", json_object_get(part, "next"));
    json_object_set(total, "unsealed", json_object_get(part, "unsealed"));
    json_decref(part);
    return total;
}

/* Returns the report on all parts, or NULL after a failure, which is reported. */
static json_t *ask(struct context *context, json_t *body, int *status)
{
    json_t *total = NULL;
    struct progress progress;
    bool more = true;

    progress_begin(&progress, "verifying");
    while (more) {
        struct buf path;

        buf_init(&path, PATH_MAX_LENGTH);
        buf_append_text(&path, context->invocation->command->path);

        json_t *part =
            context_call(context, context->invocation->command->method, &path, body, status);

        buf_finish(&path);
        if (part == NULL) {
            json_decref(total);
            total = NULL;
            break;
        }
        more = json_is_string(json_object_get(part, "next"));
        json_object_set(body, "after", json_object_get(part, "next"));
        total = add_part(total, part);
        progress_show(&progress, (uint64_t)json_integer_value(json_object_get(total, "rows")), 0);
    }
    progress_end(&progress);
    return total;
}

static void print_line(const char *text)
{
    struct buf line;

    buf_init(&line, 64 * 1024);
    print_escape(&line, text != NULL ? text : "");
    printf("%.*s\n", (int)line.len, line.len > 0 ? line.data : "");
    buf_finish(&line);
}

static long long number_of(const json_t *report, const char *member)
{
    return json_integer_value(json_object_get(report, member));
}

/* Prints the flaws on stdout or, if there are none, the new anchor. */
static void show_report(const struct context *context, const json_t *report)
{
    const json_t *anchor = json_object_get(report, "anchor");
    size_t i;
    json_t *flaw;

    if (context->json) {
        print_json(stdout, report);
    } else {
        json_array_foreach(json_object_get(report, "flaws"), i, flaw)
        {
            print_line(json_string_value(json_object_get(flaw, "detail")));
        }
        if (json_is_true(json_object_get(report, "verified")) && json_is_string(anchor)) {
            print_line(json_string_value(anchor));
        }
    }
    fflush(stdout);
    context_say(context, "%lld seals, %lld rows checked; %lld erased, %lld expired",
                number_of(report, "seals"), number_of(report, "rows"), number_of(report, "erased"),
                number_of(report, "expired"));
    if (number_of(report, "unsealed") > 0) {
        context_say(context, "not yet sealed, and so not yet protected: %lld rows",
                    number_of(report, "unsealed"));
    }
    if (number_of(report, "more_flaws") > 0) {
        context_say(context, "and %lld more flaws", number_of(report, "more_flaws"));
    }
}

int audit_verify(struct context *context)
{
    int status;
    json_t *anchor = anchor_of(context, &status);
    json_t *body = json_object();
    json_t *report = NULL;

    if (anchor != NULL) {
        json_object_set(body, "anchor", anchor);
    }
    if (status == EXIT_DONE) {
        report = ask(context, body, &status);
    }
    if (report != NULL) {
        show_report(context, report);
        status = json_is_true(json_object_get(report, "verified")) ? EXIT_DONE : EXIT_REFUSED;
    }
    json_decref(report);
    json_decref(body);
    json_decref(anchor);
    return status;
}
