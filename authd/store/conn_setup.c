/* The first round trip of a connection.
 *
 * Threats: an old program that writes to a new schema, or the reverse, during an upgrade; a node
 * whose key files differ from those of the other nodes, which would make values that the other
 * nodes cannot check. So every connection checks, not just the first: between two connections the
 * database may be migrated, restored or failed over to another server.
 */
#include "store/conn_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/migrations.h"
#include "store/unit.h"

#define REMEDY "run smtp-authd -c FILE --migrate"

static bool setup_prepare(PGconn *pg, enum db_lane lane)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        const struct statement_info *info = &statement_table[i];
        if (info->lane == lane && !PQsendPrepare(pg, info->name, info->sql, 0, NULL)) {
            return false;
        }
    }
    return PQsendPrepare(pg, CONN_DRY_RUN, "SELECT authd.dry_run()", 0, NULL);
}

bool conn_setup_begin(struct conn_setup *setup, PGconn *pg, enum db_lane lane)
{
    *setup = (struct conn_setup){0};
    return PQsendQueryParams(pg,
                             "SELECT migration, function_set, oldest_compatible"
                             " FROM authd.schema_version()",
                             0, NULL, NULL, NULL, NULL, 0) &&
           PQsendQueryParams(pg, "SELECT kind || ' ' || id FROM authd.key_names()", 0, NULL, NULL,
                             NULL, NULL, 0) &&
           setup_prepare(pg, lane) && PQpipelineSync(pg);
}

static void setup_keep_error(struct conn_setup *setup, const PGresult *result)
{
    if (setup->sqlstate[0] != '\0') {
        return;
    }
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    snprintf(setup->sqlstate, sizeof setup->sqlstate, "%s", sqlstate ? sqlstate : "08006");
    err_set(&setup->error, "%s", message ? message : PQresultErrorMessage(result));
}

bool conn_setup_take(struct conn_setup *setup, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK && PQntuples(result) == 1 && PQnfields(result) == 3) {
        setup->checked = true;
        setup->migration = atoi(PQgetvalue(result, 0, 0));
        setup->function_set = atoi(PQgetvalue(result, 0, 1));
        setup->oldest_compatible = atoi(PQgetvalue(result, 0, 2));
    } else if (status == PGRES_TUPLES_OK) {
        for (int row = 0; row < PQntuples(result); row++) {
            key_names_add(&setup->keys, PQgetvalue(result, row, 0));
        }
    } else if (status == PGRES_FATAL_ERROR) {
        setup_keep_error(setup, result);
    }
    PQclear(result);
    return status == PGRES_PIPELINE_SYNC;
}

/* By numbers alone: two builds with one number run side by side, whatever their hashes. */
static bool setup_schema_fits(const struct conn_setup *setup, const struct schema *mine,
                              struct err *why)
{
    if (setup->migration < mine->migration_count || setup->function_set < mine->function_set) {
        return err_set(why,
                       "the database's schema (migration %d, function set %d) is older than this "
                       "authd (migration %d, function set %d): " REMEDY,
                       setup->migration, setup->function_set, mine->migration_count,
                       mine->function_set);
    }
    if (setup->oldest_compatible > mine->function_set) {
        return err_set(why,
                       "the database's schema (function set %d) needs an authd of function set %d "
                       "or later, this one has %d: install a newer authd",
                       setup->function_set, setup->oldest_compatible, mine->function_set);
    }
    return true;
}

enum conn_setup_verdict conn_setup_check(const struct conn_setup *setup,
                                         const struct key_names *keys, struct err *why)
{
    const char *sqlstate = setup->sqlstate;

    if (setup->checked && !setup_schema_fits(setup, &program_schema, why)) {
        return CONN_SETUP_UNUSABLE;
    }
    if (sqlstate[0] == '\0') {
        bool fit = keys == NULL || key_names_fit(keys, &setup->keys, why);

        return fit ? CONN_SETUP_USABLE : CONN_SETUP_UNUSABLE;
    }
    if (!setup->checked && (strcmp(sqlstate, "3F000") == 0 || strcmp(sqlstate, "42883") == 0)) {
        err_set(why, "the database has no authd schema: " REMEDY);
        return CONN_SETUP_UNUSABLE;
    }
    if (strncmp(sqlstate, "42", 2) == 0) { /* a function is missing, or authd may not call it */
        err_set(why, "the database's schema cannot be used (%s): " REMEDY, setup->error.text);
        return CONN_SETUP_UNUSABLE;
    }
    err_set(why, "%s", setup->error.text);
    return CONN_SETUP_FAILED;
}
