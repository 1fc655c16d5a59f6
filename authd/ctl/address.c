/* authctl address. */
#include "ctl/verbs.h"

static int change_address(struct session *session, const char *method, struct buf *path,
                          const json_t *body, const char *done)
{
    int status;
    json_t *user = session_change(session, method, path, body, &status);

    return user != NULL ? show_change(session, user, done) : status;
}

int verb_address_add(struct session *session)
{
    json_t *body = json_pack("{s:s}", "address", session->invocation->words[1]);
    struct buf path;

    buf_init(&path, PATH_MAX_LENGTH);
    session_user_path(session, &path, "/addresses");

    int status = change_address(session, "POST", &path, body, "address added");

    buf_finish(&path);
    json_decref(body);
    return status;
}

int verb_address_remove(struct session *session)
{
    struct buf path;

    buf_init(&path, PATH_MAX_LENGTH);
    session_user_path(session, &path, "/addresses?address=");
    client_encode(&path, session->invocation->words[1]);

    int status = change_address(session, "DELETE", &path, NULL, "address removed");

    buf_finish(&path);
    return status;
}

int verb_address_list(struct session *session)
{
    struct buf path;
    int status;

    buf_init(&path, PATH_MAX_LENGTH);
    session_user_path(session, &path, "/addresses");

    json_t *list = session_get(session, &path, &status);
    const json_t *items = json_object_get(list, "items");

    buf_finish(&path);
    if (list != NULL && session->json) {
        print_json(stdout, list);
    } else if (list != NULL) {
        static const char *const headings[] = {"ADDRESS"};
        struct table *table = table_create(headings, 1);

        for (size_t i = 0; i < json_array_size(items); i++) {
            table_row(table, (const char *const[]){json_string_value(json_array_get(items, i))});
        }
        table_print(table, stdout, session->width);
        table_destroy(table);
    }
    json_decref(list);
    return status;
}

int verb_address_who(struct session *session)
{
    struct buf query;

    buf_init(&query, PATH_MAX_LENGTH / 2);
    buf_text(&query, "&address=");
    client_encode(&query, session->invocation->words[0]);
    buf_append(&query, "", 1);

    int status = query.overflow ? session_usage(session, "the arguments are too long")
                                : list_users(session, query.data);

    buf_finish(&query);
    return status;
}
