#include "store/function_changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/owner_conn.h"

#define DEFINITIONS                                                                                \
    "SELECT routine.oid::pg_catalog.regprocedure::text AS signature,"                              \
    " pg_catalog.md5(pg_catalog.concat_ws(' ', pg_catalog.pg_get_functiondef(routine.oid),"        \
    " routine.proacl)) AS definition FROM pg_catalog.pg_proc AS routine"                           \
    " WHERE routine.pronamespace = pg_catalog.to_regnamespace('authd')"                            \
    " AND routine.prokind <> 'a'"

static const char snapshot_sql[] =
    "SELECT coalesce(pg_catalog.jsonb_object_agg(signature, definition), '{}')"
    " FROM (" DEFINITIONS ") AS present";

static const char difference_sql[] =
    "SELECT signature, CASE WHEN present.definition IS NULL THEN 'dropped'"
    "                       WHEN past.definition IS NULL THEN 'new' ELSE 'changed' END"
    "  FROM pg_catalog.jsonb_each_text($1::jsonb) AS past (signature, definition)"
    "  FULL JOIN (" DEFINITIONS ") AS present USING (signature)"
    " WHERE past.definition IS DISTINCT FROM present.definition ORDER BY 1";

static const char missing_sql[] =
    "SELECT pg_catalog.string_agg(line, ', ')"
    "  FROM pg_catalog.string_to_table($1, E'\\n') AS line"
    " WHERE line <> '' AND pg_catalog.to_regprocedure(nullif(line, '')) IS NULL"; /* '' raises */

static const char strays_sql[] =
    "SELECT pg_catalog.string_agg(routine.oid::pg_catalog.regprocedure::text, ', ')"
    "  FROM pg_catalog.pg_proc AS routine"
    " WHERE routine.pronamespace = 'authd'::pg_catalog.regnamespace"
    "   AND NOT EXISTS (SELECT FROM pg_catalog.string_to_table($1, E'\\n') AS line"
    "                    WHERE pg_catalog.to_regprocedure(nullif(line, '')) = routine.oid)";

/* NULL: see `err`. */
static PGresult *ask(PGconn *pg, const char *sql, const char *value, struct err *err)
{
    PGresult *result = PQexecParams(pg, sql, value != NULL ? 1 : 0, NULL, &value, NULL, NULL, 0);

    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        return result;
    }
    err_set(err, "cannot read the functions: %s", PQerrorMessage(pg));
    PQclear(result);
    return NULL;
}

PGresult *function_changes_begin(PGconn *pg, struct err *err)
{
    return ask(pg, snapshot_sql, NULL, err);
}

bool function_changes_list(PGconn *pg, const PGresult *before, function_change_f *report, void *arg,
                           struct err *err)
{
    PGresult *changes = ask(pg, difference_sql, PQgetvalue(before, 0, 0), err);

    if (changes == NULL) {
        return false;
    }
    for (int row = 0; row < PQntuples(changes); row++) {
        report(PQgetvalue(changes, row, 0), PQgetvalue(changes, row, 1), arg);
    }
    PQclear(changes);
    return true;
}

static bool drop(PGconn *pg, const char *list, struct err *err)
{
    static const char command[] = "DROP ROUTINE ";
    size_t size = sizeof(command) + strlen(list);
    char *sql = mem_calloc(1, size);
    bool dropped;

    snprintf(sql, size, "%s%s", command, list);
    dropped = owner_conn_execute(pg, "cannot drop functions that are in no function set", sql, err);
    free(sql);
    return dropped;
}

bool function_changes_drop_strays(PGconn *pg, const char *signatures, struct err *err)
{
    PGresult *missing = ask(pg, missing_sql, signatures, err);
    PGresult *strays = missing != NULL ? ask(pg, strays_sql, signatures, err) : NULL;
    bool done = strays != NULL;

    if (done && !PQgetisnull(missing, 0, 0)) {
        done = err_set(err, "the function set did not make %s", PQgetvalue(missing, 0, 0));
    } else if (done && !PQgetisnull(strays, 0, 0)) {
        done = drop(pg, PQgetvalue(strays, 0, 0), err);
    }
    PQclear(missing);
    PQclear(strays);
    return done;
}
