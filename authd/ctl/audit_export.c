/* authctl audit export prints every row, and asks authd for one page at a time. */
#include <stdlib.h>
#include <string.h>

#include "ctl/csv_cell.h"
#include "ctl/nouns.h"
#include "ctl/progress.h"
#include "ctl/run.h"

#define PAGE_ROWS "1000"
#define LINE_MAX  (256 * 1024)

static const char *const columns[] = {
    "id",          "time",      "class",     "action",     "outcome",
    "reason",      "count",     "actor",     "actor.kind", "actor.credential",
    "object.kind", "object.id", "user",      "user_id",    "domain",
    "client",      "peer",      "via",       "service",    "mechanism",
    "front",       "tls",       "reference", "before",     "after",
    "details",     "erased",
};

/* A path like "actor.kind" names a member of an inner object. The path "actor" stands for the
 * actor's name. */
static const json_t *member_of(const json_t *row, const char *path)
{
    const char *dot = strchr(path, '.');

    if (dot != NULL) {
        return json_object_get(json_object_getn(row, path, (size_t)(dot - path)), dot + 1);
    }
    if (strcmp(path, "actor") == 0) {
        return json_object_get(json_object_get(row, path), "name");
    }
    return json_object_get(row, path);
}

static void print_cell(struct buf *out, const json_t *value)
{
    char *text;

    if (value == NULL || json_is_null(value)) {
        return;
    }
    if (json_is_string(value)) {
        csv_cell_print(out, json_string_value(value));
        return;
    }
    text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    csv_cell_print(out, text);
    free(text);
}

static void print_csv(const json_t *row)
{
    struct buf line;

    buf_init(&line, LINE_MAX);
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        buf_append_text(&line, i > 0 ? "," : "");
        if (row != NULL) {
            print_cell(&line, member_of(row, columns[i]));
        } else {
            csv_cell_print(&line, columns[i]);
        }
    }
    buf_append_text(&line, "\r\n");
    fwrite(line.data, 1, line.len, stdout);
    buf_finish(&line);
}

/* Asks for the page after `page`, or for the first page if `page` is NULL. Returns NULL after the
 * last page, or after a failure, which `status` tells. */
static json_t *next_page(struct context *context, const struct buf *path, const json_t *page,
                         int *status)
{
    const char *cursor = json_string_value(json_object_get(page, "next"));
    struct buf copy;
    json_t *next;

    if (page != NULL && cursor == NULL) {
        return NULL;
    }
    buf_init(&copy, PATH_MAX_LENGTH);
    buf_append(&copy, path->data, path->len);
    request_query(&copy, "sort", "id");
    request_query(&copy, "limit", PAGE_ROWS);
    if (cursor != NULL) {
        request_query(&copy, "cursor", cursor);
    }
    next = context_get(context, &copy, status);
    buf_finish(&copy);
    return next;
}

static void export_pages(struct context *context, const struct buf *path, bool csv, int *status)
{
    json_t *page = next_page(context, path, NULL, status);
    struct progress progress;
    uint64_t done = 0;

    progress_begin(&progress, "exporting");
    if (csv && page != NULL) {
        print_csv(NULL);
    }
    while (page != NULL) {
        json_t *rows = json_object_get(page, "items");
        json_t *next;
        size_t i;
        json_t *row;

        json_array_foreach(rows, i, row)
        {
            if (csv) {
                print_csv(row);
            } else {
                print_json(stdout, row);
            }
        }
        done += json_array_size(rows);
        progress_show(&progress, done, 0);
        next = next_page(context, path, page, status);
        json_decref(page);
        page = next;
    }
    progress_end(&progress);
}

int audit_export(struct context *context)
{
    const char *format = option_value(context->invocation, OPTION_FORMAT);
    bool csv = format != NULL && strcmp(format, "csv") == 0;
    bool ndjson = format != NULL ? strcmp(format, "ndjson") == 0 : context->json;
    struct request request;
    int status;

    if (!csv && !ndjson) {
        return context_usage(context, "audit export needs --format ndjson or --format csv");
    }
    if (csv && context->json) {
        return context_usage(context, "--json and --format csv exclude each other");
    }
    if (audit_prepare(context, &request, &status)) {
        export_pages(context, &request.path, csv, &status);
    }
    request_finish(&request);
    return status;
}
