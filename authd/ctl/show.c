#include "ctl/show.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/program.h"
#include "ctl/table.h"

#define CELL_MAX (256 * 1024)

/* The text of a cell; NULL: the value is not set. */
static char *cell(const struct view *view, enum form form, const json_t *value)
{
    struct buf text;
    char *copy = NULL;

    buf_init(&text, CELL_MAX);
    if (value_print(&text, view, form, value)) {
        copy = mem_calloc(1, text.len + 1);
        if (text.len > 0) {
            memcpy(copy, text.data, text.len);
        }
    }
    buf_finish(&text);
    return copy;
}

char *show_called(const struct columns *columns, const json_t *object)
{
    static const struct view plain = {0};
    char *called = NULL;

    if (columns->called != NULL) {
        called = cell(&plain, columns_form(columns, columns->called),
                      json_object_get(object, columns->called));
    }
    return called != NULL ? called : cell(&plain, FORM_TEXT, json_object_get(object, "id"));
}

/* ---- one object ---------------------------------------------------------------------------- */

/* "2027-01-31T00:00:00Z (in 60 days)": exact for programs, relative for people. */
static char *exact_time(const struct view *view, enum form form, const json_t *value)
{
    struct view raw = {.now = view->now};
    char *text = cell(&raw, form, value);
    char *relative = cell(view, form, value);
    struct buf both;

    if (text == NULL || relative == NULL || strcmp(text, relative) == 0) {
        free(text);
        return relative;
    }
    buf_init(&both, CELL_MAX);
    buf_printf(&both, "%s (%s)", text, relative);
    buf_append(&both, "", 1);
    free(text);
    free(relative);
    return both.data; /* the caller's own now, to free() */
}

static void add_cell(struct table *table, const char *name, char *text)
{
    table_row(table, (const char *const[]){name, text});
    free(text);
}

static void add_member(const struct context *context, struct table *table, const char *name,
                       enum form form, const json_t *value)
{
    const struct view *view = &context->view;

    if (json_is_array(value) && form != FORM_OBJECT) {
        if (json_array_size(value) == 0) {
            add_cell(table, name, NULL);
        }
        for (size_t i = 0; i < json_array_size(value); i++) {
            add_cell(table, name, cell(view, FORM_TEXT, json_array_get(value, i)));
        }
    } else if (view->people && (form == FORM_TIME || form == FORM_EXPIRY)) {
        add_cell(table, name, exact_time(view, form, value));
    } else {
        add_cell(table, name, cell(view, form, value));
    }
}

/* Drops what is of no interest to people: members of every object, and of the answer to a change.
 */
static void drop_service_members(json_t *object)
{
    static const char *const names[] = {"kind",           "etag",  "changed", "replayed", "secret",
                                        "domain_created", "ended", "users",   "skipped"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        json_object_del(object, names[i]);
    }
}

static void add_members(const struct context *context, struct table *table,
                        const struct columns *columns, const json_t *object)
{
    json_t *rest = json_copy((json_t *)object);
    const char *name;
    json_t *value;

    drop_service_members(rest);
    for (const struct response_member *member = columns->schema->members;
         member != NULL && member->name != NULL; member++) {
        value = json_object_get(rest, member->name);
        if (value != NULL) {
            add_member(context, table, member->name, columns_form(columns, member->name), value);
            json_object_del(rest, member->name);
        }
    }
    json_object_foreach(rest, name, value)
    {
        add_member(context, table, name, json_is_object(value) ? FORM_OBJECT : FORM_TEXT, value);
    }
    json_decref(rest);
}

void show_object(const struct context *context, const struct columns *columns, const json_t *object)
{
    struct table *table;

    if (context->json) {
        print_json(stdout, object);
        return;
    }
    table = table_create(NULL, 2);
    add_members(context, table, columns, object);
    table_print(table, stdout, context->width > 0 ? TABLE_UNCUT : 0);
    table_destroy(table);
}

void show_change(const struct context *context, const struct columns *columns, const json_t *object,
                 const char *done)
{
    bool unchanged = json_is_false(json_object_get(object, "changed"));
    struct buf text;
    struct table *table;
    char *called;

    if (context->json) {
        print_json(stdout, object);
        return;
    }
    called = show_called(columns, object);
    buf_init(&text, CELL_MAX);
    if (unchanged) {
        buf_append_text(&text, "unchanged");
    } else {
        buf_append_text(&text, context->dry_run ? "would be: " : "");
        request_fill(&text, done, context->invocation->words);
    }
    buf_append(&text, "", 1);
    table = table_create(NULL, 2);
    table_row(table, (const char *const[]){called, text.data});
    table_print(table, stdout, context->width > 0 ? TABLE_UNCUT : 0);
    table_destroy(table);
    buf_finish(&text);
    free(called);
}

/* ---- lists --------------------------------------------------------------------------------- */

static size_t count_columns(const struct columns *columns)
{
    size_t count = 0;

    while (count < TABLE_COLUMNS_MAX && columns->list[count].heading != NULL) {
        count++;
    }
    return count;
}

static void add_row(const struct context *context, struct table *table,
                    const struct columns *columns, const json_t *item)
{
    size_t count = count_columns(columns);
    char *cells[TABLE_COLUMNS_MAX] = {NULL};

    for (size_t i = 0; i < count; i++) {
        const struct column *column = &columns->list[i];
        const json_t *value = json_is_object(item) ? json_object_get(item, column->member) : item;
        enum form form =
            column->form == FORM_MEMBER ? columns_form(columns, column->member) : column->form;

        cells[i] = cell(&context->view, form, value);
    }
    table_row(table, (const char *const *)cells);
    for (size_t i = 0; i < count; i++) {
        free(cells[i]);
    }
}

/* A list without any item differs from a search that found none. */
static void say_count(const struct context *context, const struct columns *columns, size_t count,
                      bool filtered)
{
    if (count == 0 && filtered) {
        context_say(context, "no such %s", columns->name);
    } else if (count == 0 && columns->first != NULL) {
        context_say(context, "no %s yet. The first: %s %s", columns->plural, program_name(),
                    columns->first);
    } else {
        context_say(context, "%zu %s", count, count == 1 ? columns->name : columns->plural);
    }
}

void show_list(const struct context *context, const struct columns *columns, const json_t *items,
               bool filtered)
{
    const char *headings[TABLE_COLUMNS_MAX];
    size_t width = count_columns(columns);
    size_t count = json_array_size(items);
    struct table *table;

    if (context->json) {
        json_t *list = json_pack("{s:O, s:n}", "items", items, "next");

        print_json(stdout, list);
        json_decref(list);
        return;
    }
    for (size_t i = 0; i < width; i++) {
        headings[i] = columns->list[i].heading;
    }
    table = table_create(headings, width);
    for (size_t i = 0; i < count; i++) {
        add_row(context, table, columns, json_array_get(items, i));
    }
    if (count > 0) {
        table_print(table, stdout, context->width);
    }
    if (context->width > 0) {
        fflush(stdout);
        say_count(context, columns, count, filtered);
    }
    table_destroy(table);
}
