#include "store/key_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/owner_conn.h"

struct key_list {
    PGconn *pg;
};

void key_names_add(struct key_names *names, const char *name)
{
    if (names->count < KEY_NAMES_MAX && strlen(name) <= KEY_NAME_MAX) {
        strcpy(names->names[names->count++], name);
    }
}

bool key_names_have(const struct key_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* The first of `names` that `others` lacks; NULL if `others` has all of them. */
static const char *key_names_missing(const struct key_names *names, const struct key_names *others)
{
    for (size_t i = 0; i < names->count; i++) {
        if (!key_names_have(others, names->names[i])) {
            return names->names[i];
        }
    }
    return NULL;
}

bool key_names_known(const struct key_names *mine, const struct key_names *listed, struct err *why)
{
    const char *missing = key_names_missing(listed, mine);

    return missing == NULL ||
           err_set(why,
                   "the database was used with the key %s, which is not in the files of key_dir: "
                   "copy them from the other node, or restore them from their backup",
                   missing);
}

/* Whether two names are of one kind, such as "pepper". */
static bool same_kind(const char *name, const char *other)
{
    size_t length = strcspn(name, " ") + 1;

    return strncmp(name, other, length) == 0;
}

/* The first name of each kind; the names of a kind are adjacent. */
static struct key_names key_names_first(const struct key_names *names)
{
    struct key_names first = {0};

    for (size_t i = 0; i < names->count; i++) {
        if (i == 0 || !same_kind(names->names[i - 1], names->names[i])) {
            key_names_add(&first, names->names[i]);
        }
    }
    return first;
}

bool key_names_fit(const struct key_names *mine, const struct key_names *listed, struct err *why)
{
    struct key_names first = key_names_first(mine);
    const char *missing;

    if (!key_names_known(mine, listed, why)) {
        return false;
    }
    missing = key_names_missing(&first, listed);
    return missing == NULL ||
           err_set(why,
                   "the database does not know the key %s yet: run smtp-authd -c FILE --migrate",
                   missing);
}

/* ---- the list in the database ---- */

static bool read_list(PGconn *pg, struct key_names *listed, struct err *err)
{
    PGresult *result = PQexec(pg, "SELECT kind || ' ' || id FROM authd.key_names()");
    bool read = PQresultStatus(result) == PGRES_TUPLES_OK;

    *listed = (struct key_names){0};
    for (int row = 0; read && row < PQntuples(result); row++) {
        key_names_add(listed, PQgetvalue(result, row, 0));
    }
    if (!read) {
        err_set(err, "cannot read the list of keys: %s", PQerrorMessage(pg));
    }
    PQclear(result);
    return read;
}

struct key_list *key_list_open(const char *owner_url, struct key_names *listed, struct err *err)
{
    struct key_list *list = mem_new(struct key_list);

    list->pg = owner_conn_open(owner_url, err);
    if (list->pg == NULL || !owner_conn_begin(list->pg, err) || !read_list(list->pg, listed, err)) {
        key_list_close(list);
        return NULL;
    }
    return list;
}

static bool list_forget(PGconn *pg, const struct key_names *mine, const char *call, struct err *err)
{
    char have[KEY_NAMES_MAX * (KEY_NAME_MAX + 1) + 1] = "";
    size_t length = 0;
    const char *const values[] = {have, call};

    for (size_t i = 0; i < mine->count; i++) {
        length += (size_t)snprintf(have + length, sizeof(have) - length, "%s%s", i > 0 ? "," : "",
                                   mine->names[i]);
    }
    PGresult *result =
        PQexecParams(pg, "SELECT authd.key_forget(string_to_array($1, ','), $2::jsonb)", 2, NULL,
                     values, NULL, NULL, 0);
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK;

    if (!done) {
        err_set(err, "cannot bring the list of keys up to date: %s", PQerrorMessage(pg));
    }
    PQclear(result);
    return done;
}

static bool list_add(PGconn *pg, const char *name, struct err *err)
{
    const char *const values[] = {name};
    PGresult *result = PQexecParams(
        pg, "SELECT authd.key_register(split_part($1, ' ', 1), split_part($1, ' ', 2))", 1, NULL,
        values, NULL, NULL, 0);
    bool added = PQresultStatus(result) == PGRES_TUPLES_OK;

    if (!added) {
        err_set(err, "cannot list a key: %s", PQerrorMessage(pg));
    }
    PQclear(result);
    return added;
}

bool key_list_add(struct key_list *list, const struct key_names *mine, const char *call,
                  struct err *err)
{
    struct key_names first = key_names_first(mine);
    struct key_names listed;
    bool added = list_forget(list->pg, mine, call, err) && read_list(list->pg, &listed, err) &&
                 key_names_known(mine, &listed, err);

    for (size_t i = 0; added && i < first.count; i++) {
        added = list_add(list->pg, first.names[i], err);
    }
    return added;
}

bool key_list_current(struct key_list *list, const char *kind, char id[static KEY_NAME_MAX + 1],
                      struct err *err)
{
    const char *const values[] = {kind};
    PGresult *result =
        PQexecParams(list->pg, "SELECT id FROM authd.key_state('{}') WHERE kind = $1 AND current",
                     1, NULL, values, NULL, NULL, 0);
    bool read = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;

    if (read) {
        snprintf(id, KEY_NAME_MAX + 1, "%s", PQgetvalue(result, 0, 0));
    } else {
        err_set(err, "cannot read which %s key is current: %s", kind, PQerrorMessage(list->pg));
    }
    PQclear(result);
    return read;
}

void key_list_close(struct key_list *list)
{
    PQfinish(list->pg);
    free(list);
}
