/* How users look on stdout. */
#include <stdlib.h>

#include "ctl/verbs.h"

static const char *text_of(const json_t *value, char number[static 24])
{
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_boolean(value)) {
        return json_is_true(value) ? "yes" : "no";
    }
    if (json_is_integer(value)) {
        snprintf(number, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return number;
    }
    return NULL;
}

static void add_member(struct table *table, const char *name, const json_t *value)
{
    char number[24];

    if (!json_is_array(value)) {
        table_row(table, (const char *const[]){name, text_of(value, number)});
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        table_row(table, (const char *const[]){name, text_of(json_array_get(value, i), number)});
    }
}

/* Known members in the order of their interest, then those of a newer authd. */
static void add_members(struct table *table, const json_t *user)
{
    static const char *const order[] = {
        "login",
        "id",
        "display_name",
        "addresses",
        "role",
        "service",
        "suspended",
        "suspended_reason",
        "suspended_at",
        "has_password",
        "password_set_at",
        "password_generation",
        "recovery_address",
        "domain",
        "created_at",
    };
    json_t *rest = json_copy((json_t *)user);
    const char *name;
    json_t *value;

    json_object_del(rest, "changed");
    json_object_del(rest, "domain_created");
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        value = json_object_get(user, order[i]);
        if (value != NULL) {
            add_member(table, order[i], value);
            json_object_del(rest, order[i]);
        }
    }
    json_object_foreach(rest, name, value)
    {
        add_member(table, name, value);
    }
    json_decref(rest);
}

int show_user(const struct session *session, json_t *user)
{
    if (session->json) {
        print_json(stdout, user);
    } else {
        struct table *table = table_create(NULL, 2);

        add_members(table, user);
        table_print(table, stdout, session->width);
        table_destroy(table);
    }
    json_decref(user);
    return EXIT_DONE;
}

int show_change(const struct session *session, json_t *user, const char *done)
{
    if (session->json) {
        print_json(stdout, user);
    } else {
        bool unchanged = json_is_false(json_object_get(user, "changed"));
        const char *login = json_string_value(json_object_get(user, "login"));
        struct table *table = table_create(NULL, 2);

        table_row(table, (const char *const[]){login, unchanged ? "unchanged" : done});
        table_print(table, stdout, session->width);
        table_destroy(table);
    }
    json_decref(user);
    return EXIT_DONE;
}

/* ---- lists --------------------------------------------------------------------------------- */

static char *joined(const json_t *texts)
{
    struct buf buf;

    buf_init(&buf, 256 * 1024);
    for (size_t i = 0; i < json_array_size(texts); i++) {
        const char *text = json_string_value(json_array_get(texts, i));

        buf_printf(&buf, "%s%s", i > 0 ? "," : "", text != NULL ? text : "");
    }
    buf_append(&buf, "", 1);
    return buf.data; /* taken over, finished by free() */
}

static void add_user(struct table *table, const json_t *user)
{
    const char *login = json_string_value(json_object_get(user, "login"));
    const char *id = json_string_value(json_object_get(user, "id"));
    const char *role = json_string_value(json_object_get(user, "role"));
    bool suspended = json_is_true(json_object_get(user, "suspended"));
    bool password = json_is_true(json_object_get(user, "has_password"));
    char *addresses = joined(json_object_get(user, "addresses"));

    table_row(table, (const char *const[]){login, id, suspended ? "suspended" : "active", role,
                                           password ? "set" : NULL, addresses});
    free(addresses);
}

static void show_users(const struct session *session, const json_t *items)
{
    static const char *const headings[] = {"LOGIN", "ID", "STATE", "ROLE", "PASSWORD", "ADDRESSES"};
    size_t count = json_array_size(items);
    struct table *table = table_create(headings, sizeof(headings) / sizeof(headings[0]));

    for (size_t i = 0; i < count; i++) {
        add_user(table, json_array_get(items, i));
    }
    if (count > 0) {
        table_print(table, stdout, session->width);
    }
    if (session->width > 0) {
        session_say(session, count == 1 ? "%zu user" : "%zu users", count);
    }
    table_destroy(table);
}

/* Small enough that making one does not hold up logins. */
#define PAGE_SIZE "200"

/* Appends the items of one page to `items` and says where the next begins. False: there is none, or
 * a failure. */
static bool next_page(struct session *session, const char *query, json_t *items, struct buf *cursor,
                      int *status)
{
    struct buf path;

    buf_init(&path, PATH_MAX_LENGTH);
    buf_printf(&path, "/v1/users?limit=" PAGE_SIZE "%s%.*s", query, (int)cursor->len,
               cursor->len > 0 ? cursor->data : "");

    json_t *page = session_get(session, &path, status);
    const char *next = json_string_value(json_object_get(page, "next"));

    json_array_extend(items, json_object_get(page, "items"));
    cursor->len = 0;
    if (next != NULL) {
        buf_text(cursor, "&cursor=");
        client_encode(cursor, next);
    }
    json_decref(page);
    buf_finish(&path);
    return cursor->len > 0;
}

int list_users(struct session *session, const char *query)
{
    json_t *items = json_array();
    struct buf cursor;
    int status = EXIT_DONE;

    buf_init(&cursor, PATH_MAX_LENGTH);
    while (next_page(session, query, items, &cursor, &status)) {
    }
    if (status == EXIT_DONE && session->json) {
        json_t *list = json_pack("{s:O, s:n}", "items", items, "next");

        print_json(stdout, list);
        json_decref(list);
    } else if (status == EXIT_DONE) {
        show_users(session, items);
    }
    json_decref(items);
    buf_finish(&cursor);
    return status;
}
