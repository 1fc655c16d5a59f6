/* authctl audit: which changes were made, and who logged in. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/rfc3339.h"
#include "ctl/nouns.h"
#include "ctl/run.h"
#include "ctl/show.h"

#define TAIL_ROWS   20
#define SEARCH_ROWS 1000
#define OVERLAP_S   10 /* a row that is committed late has an earlier time than the newest row */
#define LINE_MAX    (256 * 1024)

/* ---- filters ------------------------------------------------------------------------------- */

/* Adds the value of --since or --until, a time or how long ago, to the query. Returns false after a
 * failure, which is reported; `status` is set. */
static bool add_time(struct context *context, struct buf *path, enum option option, int *status)
{
    const char *text = option_value(context->invocation, option);
    const int64_t now = context->view.now;
    char at[RFC3339_SIZE];
    int64_t ago;
    int64_t parsed;

    if (text == NULL) {
        return true;
    }
    if (duration_parse(span_of(text), &ago)) {
        text = rfc3339_text(ago < now ? now - ago : 0, at);
    } else if (!rfc3339_parse(span_of(text), &parsed)) {
        struct err err;

        err_set(&err, "--%s takes a time like 2026-01-31T12:00:00Z, or how long ago: 12h, 7d",
                option_table[option].spelling);
        *status = context_usage(context, err.text);
        return false;
    }
    request_query(path, option == OPTION_SINCE ? "since" : "until", text);
    return true;
}

bool audit_prepare(struct context *context, struct request *request, int *status)
{
    return run_prepare(context, request, status) &&
           add_time(context, &request->path, OPTION_SINCE, status) &&
           add_time(context, &request->path, OPTION_UNTIL, status);
}

/* Reads --limit, or takes `standard` without this option. Returns false after a failure, which is
 * reported. */
static bool limit_of(const struct context *context, size_t standard, size_t *limit, int *status)
{
    const char *text = option_value(context->invocation, OPTION_LIMIT);
    char *end;

    *limit = standard;
    if (text == NULL) {
        return true;
    }
    *limit = strtoul(text, &end, 10);
    if (*end != '\0' || text[0] < '1' || text[0] > '9') {
        *status = context_usage(context, "--limit takes a number from 1 on");
        return false;
    }
    return true;
}

/* ---- rows for people ----------------------------------------------------------------------- */

static const char *text_of(const json_t *row, const char *member)
{
    return json_string_value(json_object_get(row, member));
}

/* Returns the name of the actor or, for a login, the credential that was used. */
static const char *who_of(const json_t *row)
{
    const json_t *actor = json_object_get(row, "actor");
    const char *name = text_of(actor, "name");

    return name != NULL ? name : text_of(actor, "credential");
}

/* Returns the row as people see it. Members that are wide and rarely needed appear with --json
 * only. */
static json_t *short_of(const json_t *row)
{
    static const char *const kept[] = {"time", "action", "user", "client", "reference"};
    const json_t *object = json_object_get(row, "object");
    const char *outcome = text_of(row, "outcome");
    const char *reason = text_of(row, "reason");
    const char *who = who_of(row);
    json_t *line = json_object();

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        json_object_set(line, kept[i], json_object_get(row, kept[i]));
    }
    if (json_is_null(json_object_get(row, "user")) && text_of(object, "id") != NULL) {
        json_object_set_new(line, "user",
                            json_sprintf("%s %s", text_of(object, "kind"), text_of(object, "id")));
    }
    if (json_is_true(json_object_get(row, "erased"))) {
        json_object_set_new(line, "user",
                            json_sprintf("(erased %s)", text_of(row, "user_id") != NULL
                                                            ? text_of(row, "user_id")
                                                            : ""));
    }
    json_object_set_new(line, "actor", who != NULL ? json_string(who) : json_null());
    json_object_set_new(line, "outcome",
                        outcome != NULL
                            ? json_sprintf("%s %s", outcome, reason != NULL ? reason : "")
                            : json_null());
    return line;
}

static void show_rows(const struct context *context, const json_t *rows, bool filtered)
{
    json_t *lines = json_array();
    size_t i;
    json_t *row;

    if (context->json) {
        show_list(context, &columns_audit_event, rows, filtered);
    } else {
        json_array_foreach((json_t *)rows, i, row)
        {
            json_array_append_new(lines, short_of(row));
        }
        show_list(context, &columns_audit_event, lines, filtered);
    }
    json_decref(lines);
}

/* Prints one row as a line. The stream of rows has no end, so there is no table. */
static void show_row(const struct context *context, const json_t *row)
{
    json_t *line;
    struct buf text;

    if (context->json) {
        print_json(stdout, row);
        fflush(stdout);
        return;
    }
    buf_init(&text, LINE_MAX);
    line = short_of(row);
    for (const struct column *column = columns_audit_event.list; column->heading != NULL;
         column++) {
        const char *cell = text_of(line, column->member);

        print_escape(&text, cell != NULL ? cell : context->width > 0 ? "-" : "");
        buf_append_text(&text, column[1].heading != NULL ? context->width > 0 ? "  " : "\t" : "\n");
    }
    fwrite(text.data, 1, text.len, stdout);
    fflush(stdout);
    json_decref(line);
    buf_finish(&text);
}

/* ---- search -------------------------------------------------------------------------------- */

static int search(struct context *context)
{
    struct request request = {0};
    json_t *rows = NULL;
    size_t limit;
    int status;

    if (limit_of(context, SEARCH_ROWS, &limit, &status) &&
        audit_prepare(context, &request, &status)) {
        rows = context_list(context, &request.path, limit, true, &status);
    }
    if (rows != NULL) {
        show_rows(context, rows, memchr(request.path.data, '?', request.path.len) != NULL);
        if (json_array_size(rows) == limit && !option_given(context->invocation, OPTION_LIMIT)) {
            context_say(context,
                        "These are the newest %zu rows: --limit N shows more, audit export all",
                        limit);
        }
    }
    request_finish(&request);
    json_decref(rows);
    return status;
}

/* ---- tail ---------------------------------------------------------------------------------- */

struct tail {
    json_t *seen; /* an object whose member names are the ids of rows that were printed */
    char since[RFC3339_SIZE];
    int64_t floor; /* rows with a smaller id are too old to show */
};

static int64_t id_of(const json_t *row)
{
    const char *id = text_of(row, "id");

    return id != NULL ? strtoll(id, NULL, 10) : 0;
}

/* Makes the next request begin some seconds before `at`, for rows that are committed late. */
static void tail_since(struct tail *tail, int64_t at)
{
    rfc3339_text(at - OVERLAP_S, tail->since);
}

static void tail_show(struct context *context, struct tail *tail, const json_t *rows)
{
    json_t *seen = json_object();
    size_t i;
    json_t *row;

    json_array_foreach((json_t *)rows, i, row)
    {
        const char *id = text_of(row, "id");
        const char *at = text_of(row, "time");
        int64_t parsed;

        if (id == NULL || id_of(row) < tail->floor) {
            continue;
        }
        if (json_object_get(tail->seen, id) == NULL) {
            show_row(context, row);
        }
        if (at != NULL && rfc3339_parse(span_of(at), &parsed)) {
            tail_since(tail, parsed);
        }
        json_object_set_new(seen, id, json_true());
    }
    if (json_object_size(seen) > 0) {
        json_decref(tail->seen);
        tail->seen = json_incref(seen);
    }
    json_decref(seen);
}

static json_t *reversed(const json_t *rows)
{
    json_t *turned = json_array();

    for (size_t i = json_array_size(rows); i > 0; i--) {
        json_array_append(turned, json_array_get(rows, i - 1));
    }
    return turned;
}

/* Shows new rows until an interrupt or a failure. */
static int follow(struct context *context, struct tail *tail, const struct buf *path)
{
    int status = EXIT_DONE;

    while (status == EXIT_DONE) {
        struct buf copy;

        sleep(1);
        buf_init(&copy, PATH_MAX_LENGTH);
        buf_append(&copy, path->data, path->len);
        request_query(&copy, "sort", "id");
        request_query(&copy, "since", tail->since);

        json_t *rows = context_list(context, &copy, 0, true, &status);

        if (rows != NULL) {
            tail_show(context, tail, rows);
        }
        json_decref(rows);
        buf_finish(&copy);
    }
    return status;
}

static int tail(struct context *context)
{
    bool follows = option_given(context->invocation, OPTION_FOLLOW);
    struct tail tail = {.seen = json_object()};
    struct request request = {0};
    json_t *rows = NULL;
    size_t limit;
    int status;

    if (limit_of(context, TAIL_ROWS, &limit, &status) && run_prepare(context, &request, &status)) {
        rows = context_list(context, &request.path, limit, true, &status);
    }
    if (rows != NULL) {
        json_t *turned = reversed(rows);

        tail_since(&tail, context->view.now);
        tail.floor = id_of(json_array_get(turned, 0));
        if (follows || context->json || context->width == 0) {
            tail_show(context, &tail, turned);
        } else {
            show_rows(context, turned, true);
        }
        json_decref(turned);
        if (follows) {
            status = follow(context, &tail, &request.path);
        }
    }
    request_finish(&request);
    json_decref(rows);
    json_decref(tail.seen);
    return status;
}

/* ---- the table ----------------------------------------------------------------------------- */

#define FILTERS                                                                                    \
    {OPTION_ACTION, SHAPE_TEXT, "action", 0}, {OPTION_ACTOR, SHAPE_TEXT, "actor", 0},              \
        {OPTION_DOMAIN, SHAPE_TEXT, "domain", 0}, {OPTION_MATCH, SHAPE_TEXT, "match", 0},          \
        {OPTION_OUTCOME, SHAPE_TEXT, "outcome", 0},                                                \
        {OPTION_REFERENCE, SHAPE_TEXT, "reference", 0},                                            \
    {                                                                                              \
        OPTION_USER, SHAPE_TEXT, "user", 0                                                         \
    }
#define TIMES                                                                                      \
    {OPTION_SINCE, SHAPE_OWN, NULL, 0},                                                            \
    {                                                                                              \
        OPTION_UNTIL, SHAPE_OWN, NULL, 0                                                           \
    }
#define LIMIT                                                                                      \
    {                                                                                              \
        OPTION_LIMIT, SHAPE_OWN, NULL, 0                                                           \
    }

static const struct command commands[] = {
    {.verb = "tail",
     .arguments = "",
     .inputs = INPUTS({OPTION_FOLLOW, SHAPE_OWN, NULL, 0}, LIMIT, FILTERS),
     .summary = "show the newest rows and, with --follow, each new row",
     .example = "audit tail --follow --user alice@example.org",
     .run = tail,
     .streams = true,
     .method = "GET",
     .path = "/v1/audit",
     .output = OUTPUT_LIST},
    {.verb = "search",
     .arguments = "",
     .inputs = INPUTS(LIMIT, FILTERS, TIMES),
     .summary = "find rows, newest first",
     .example = "audit search --reference k3v7qmzt5a",
     .run = search,
     .method = "GET",
     .path = "/v1/audit",
     .output = OUTPUT_LIST},
    {.verb = "export",
     .arguments = "",
     .inputs = INPUTS({OPTION_FORMAT, SHAPE_OWN, NULL, 0}, FILTERS, TIMES),
     .summary = "write rows to standard output, oldest first",
     .example = "audit export --format csv --since 30d >audit.csv",
     .run = audit_export,
     .streams = true,
     .method = "GET",
     .path = "/v1/audit",
     .output = OUTPUT_LIST},
    {.verb = "verify",
     .arguments = "",
     .inputs = INPUTS({OPTION_ANCHOR, SHAPE_OWN, NULL, 0}),
     .summary = "check every seal and row; name what was changed, is missing or was added, else "
                "print an anchor",
     .example = "audit verify --anchor anchor.txt",
     .run = audit_verify,
     .method = "POST",
     .path = "/v1/audit/verify",
     .columns = &columns_audit_report},
    {0},
};

const struct noun noun_audit = {"audit", "what was changed, and who logged in",
                                &columns_audit_event, commands};
