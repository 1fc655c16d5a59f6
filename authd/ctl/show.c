#include "ctl/show.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/duration.h"

#define CELL_MAX (256 * 1024)

/* A cell, or NULL: it is not set. */
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

char *show_called(const struct kind *kind, const json_t *object)
{
    static const struct view plain = {0};
    enum form form = FORM_TEXT;

    for (const struct column *column = kind->columns; column != NULL && column->heading != NULL;
         column++) {
        if (strcmp(column->member, kind->called) == 0) {
            form = column->form;
        }
    }

    char *called = cell(&plain, form, json_object_get(object, kind->called));

    return called != NULL ? called : cell(&plain, FORM_TEXT, json_object_get(object, "id"));
}

/* ---- one object ---------------------------------------------------------------------------- */

/* "2027-01-31T00:00:00Z (in 60 days)": exact, and pleasant. */
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
    return both.data; /* taken over, finished by free() */
}

static void add_cell(struct table *table, const char *name, char *text)
{
    table_row(table, (const char *const[]){name, text});
    free(text);
}

static void add_member(const struct session *session, struct table *table, const char *name,
                       enum form form, const json_t *value)
{
    const struct view *view = &session->view;

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

/* What every object has, and what an answer says besides: of no interest to people. */
static void drop_service_members(json_t *object)
{
    static const char *const names[] = {"kind",           "etag",  "changed", "replayed", "secret",
                                        "domain_created", "ended", "users",   "skipped"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        json_object_del(object, names[i]);
    }
}

static void add_members(const struct session *session, struct table *table, const struct kind *kind,
                        const json_t *object)
{
    json_t *rest = json_copy((json_t *)object);
    const char *name;
    json_t *value;

    drop_service_members(rest);
    for (const struct field *field = kind->fields; field != NULL && field->name != NULL; field++) {
        value = json_object_get(rest, field->name);
        if (value != NULL) {
            add_member(session, table, field->name, field->form, value);
            json_object_del(rest, field->name);
        }
    }
    json_object_foreach(rest, name, value)
    {
        add_member(session, table, name, json_is_object(value) ? FORM_OBJECT : FORM_TEXT, value);
    }
    json_decref(rest);
}

void show_object(const struct session *session, const struct kind *kind, const json_t *object)
{
    struct table *table;

    if (session->json) {
        print_json(stdout, object);
        return;
    }
    table = table_create(NULL, 2);
    add_members(session, table, kind, object);
    table_print(table, stdout, session->width > 0 ? PRINT_UNCUT : 0);
    table_destroy(table);
}

void show_change(const struct session *session, const struct kind *kind, const json_t *object,
                 const char *done)
{
    bool unchanged = json_is_false(json_object_get(object, "changed"));
    struct buf text;
    struct table *table;
    char *called;

    if (session->json) {
        print_json(stdout, object);
        return;
    }
    called = show_called(kind, object);
    buf_init(&text, CELL_MAX);
    if (unchanged) {
        buf_text(&text, "unchanged");
    } else {
        buf_text(&text, session->dry_run ? "would be: " : "");
        request_fill(&text, done, session->invocation->words);
    }
    buf_append(&text, "", 1);
    table = table_create(NULL, 2);
    table_row(table, (const char *const[]){called, text.data});
    table_print(table, stdout, session->width > 0 ? PRINT_UNCUT : 0);
    table_destroy(table);
    buf_finish(&text);
    free(called);
}

/* ---- lists --------------------------------------------------------------------------------- */

static size_t count_columns(const struct kind *kind)
{
    size_t count = 0;

    while (count < COLUMNS_MAX && kind->columns[count].heading != NULL) {
        count++;
    }
    return count;
}

static void add_row(const struct session *session, struct table *table, const struct kind *kind,
                    const json_t *item)
{
    size_t columns = count_columns(kind);
    char *cells[COLUMNS_MAX] = {NULL};

    for (size_t i = 0; i < columns; i++) {
        const struct column *column = &kind->columns[i];
        const json_t *value = json_is_object(item) ? json_object_get(item, column->member) : item;

        cells[i] = cell(&session->view, column->form, value);
    }
    table_row(table, (const char *const *)cells);
    for (size_t i = 0; i < columns; i++) {
        free(cells[i]);
    }
}

/* Nothing at all is not "nothing found". */
static void say_count(const struct session *session, const struct kind *kind, size_t count,
                      bool filtered)
{
    if (count == 0 && filtered) {
        session_say(session, "no such %s", kind->name);
    } else if (count == 0 && kind->first != NULL) {
        session_say(session, "no %s yet. The first: %s", kind->plural, kind->first);
    } else {
        session_say(session, "%zu %s", count, count == 1 ? kind->name : kind->plural);
    }
}

void show_list(const struct session *session, const struct kind *kind, const json_t *items,
               bool filtered)
{
    const char *headings[COLUMNS_MAX];
    size_t columns = count_columns(kind);
    size_t count = json_array_size(items);
    struct table *table;

    if (session->json) {
        json_t *list = json_pack("{s:O, s:n}", "items", items, "next");

        print_json(stdout, list);
        json_decref(list);
        return;
    }
    for (size_t i = 0; i < columns; i++) {
        headings[i] = kind->columns[i].heading;
    }
    table = table_create(headings, columns);
    for (size_t i = 0; i < count; i++) {
        add_row(session, table, kind, json_array_get(items, i));
    }
    if (count > 0) {
        table_print(table, stdout, session->width);
    }
    if (session->width > 0) {
        fflush(stdout);
        say_count(session, kind, count, filtered);
    }
    table_destroy(table);
}
