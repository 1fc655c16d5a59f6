#include "store/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/owner.h"

struct key_list {
    PGconn *pg;
};

void key_names_add(struct key_names *names, const char *name)
{
    if (names->count < KEY_NAMES_MAX && strlen(name) <= KEY_NAME_MAX) {
        strcpy(names->names[names->count++], name);
    }
}

static bool key_names_have(const struct key_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* The first of `names` that `others` have not; NULL: they have all. */
static const char *key_names_missing(const struct key_names *names, const struct key_names *others)
{
    for (size_t i = 0; i < names->count; i++) {
        if (!key_names_have(others, names->names[i])) {
            return names->names[i];
        }
    }
    return NULL;
}

static bool key_names_known(const struct key_names *mine, const struct key_names *listed,
                            struct err *why)
{
    const char *missing = key_names_missing(listed, mine);

    return missing == NULL ||
           err_set(why,
                   "the database was used with the key %s, which is not in the files of key_dir: "
                   "copy them from the other node, or restore them from their backup",
                   missing);
}

bool key_names_fit(const struct key_names *mine, const struct key_names *listed, struct err *why)
{
    const char *missing;

    if (!key_names_known(mine, listed, why)) {
        return false;
    }
    missing = key_names_missing(mine, listed);
    return missing == NULL ||
           err_set(why, "the database does not know the key %s yet: run authd -c FILE --migrate",
                   missing);
}

/* ---- the list in the database ---- */

static bool read_list(PGconn *pg, struct key_names *listed, struct err *err)
{
    PGresult *result = PQexec(pg, "SELECT kind || ' ' || id FROM authd.key_list()");
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

    list->pg = owner_connect(owner_url, err);
    if (list->pg == NULL || !owner_begin(list->pg, err) || !read_list(list->pg, listed, err)) {
        key_list_close(list);
        return NULL;
    }
    return list;
}

bool key_list_add(struct key_list *list, const struct key_names *mine, struct err *err)
{
    struct key_names listed;

    if (!read_list(list->pg, &listed, err) || !key_names_known(mine, &listed, err)) {
        return false;
    }
    for (size_t i = 0; i < mine->count; i++) {
        const char *const values[] = {mine->names[i]};
        PGresult *result = PQexecParams(
            list->pg,
            "INSERT INTO authd.key (kind, id)"
            " SELECT split_part($1, ' ', 1), split_part($1, ' ', 2) ON CONFLICT DO NOTHING",
            1, NULL, values, NULL, NULL, 0);
        bool added = PQresultStatus(result) == PGRES_COMMAND_OK;

        if (!added) {
            err_set(err, "cannot list a key: %s", PQerrorMessage(list->pg));
        }
        PQclear(result);
        if (!added) {
            return false;
        }
    }
    return true;
}

void key_list_close(struct key_list *list)
{
    PQfinish(list->pg);
    free(list);
}
