/* The first round trip of a connection.
 *
 * Threat: an old program that writes to a new schema, or the reverse, during an upgrade. So every
 * connection checks, not just the first: the database may be migrated, restored or failed over to
 * another server between any two of them. Likewise a node whose key files are not those of the
 * other nodes, which would make what they cannot check.
 */
#include "store/conn_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/migrations.h"
#include "store/unit.h"

#define REMEDY "run smtp-authd -c FILE --migrate"

static bool session_prepare(PGconn *pg, enum db_lane lane)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        const struct statement_info *info = &statement_table[i];
        if (info->lane == lane && !PQsendPrepare(pg, info->name, info->sql, 0, NULL)) {
            return false;
        }
    }
    return PQsendPrepare(pg, CONN_DRY_RUN, "SELECT authd.dry_run()", 0, NULL);
}

bool session_begin(struct session *session, PGconn *pg, enum db_lane lane)
{
    *session = (struct session){0};
    return PQsendQueryParams(pg,
                             "SELECT migration, function_set, oldest_compatible"
                             " FROM authd.schema_version()",
                             0, NULL, NULL, NULL, NULL, 0) &&
           PQsendQueryParams(pg, "SELECT kind || ' ' || id FROM authd.key_list()", 0, NULL, NULL,
                             NULL, NULL, 0) &&
           session_prepare(pg, lane) && PQpipelineSync(pg);
}

static void session_note_error(struct session *session, const PGresult *result)
{
    if (session->sqlstate[0] != '\0') {
        return;
    }
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    snprintf(session->sqlstate, sizeof session->sqlstate, "%s", sqlstate ? sqlstate : "08006");
    err_set(&session->error, "%s", message ? message : PQresultErrorMessage(result));
}

bool session_take(struct session *session, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK && PQntuples(result) == 1 && PQnfields(result) == 3) {
        session->checked = true;
        session->migration = atoi(PQgetvalue(result, 0, 0));
        session->function_set = atoi(PQgetvalue(result, 0, 1));
        session->oldest_compatible = atoi(PQgetvalue(result, 0, 2));
    } else if (status == PGRES_TUPLES_OK) {
        for (int row = 0; row < PQntuples(result); row++) {
            key_names_add(&session->keys, PQgetvalue(result, row, 0));
        }
    } else if (status == PGRES_FATAL_ERROR) {
        session_note_error(session, result);
    }
    PQclear(result);
    return status == PGRES_PIPELINE_SYNC;
}

/* By numbers alone: two builds with one number run side by side, whatever their hashes. */
static bool session_schema_fits(const struct session *session, const struct schema *mine,
                                struct err *why)
{
    if (session->migration < mine->migration_count || session->function_set < mine->function_set) {
        return err_set(why,
                       "the database's schema (migration %d, function set %d) is older than this "
                       "authd (migration %d, function set %d): " REMEDY,
                       session->migration, session->function_set, mine->migration_count,
                       mine->function_set);
    }
    if (session->oldest_compatible > mine->function_set) {
        return err_set(why,
                       "the database's schema (function set %d) needs an authd of function set %d "
                       "or later, this one has %d: install a newer authd",
                       session->function_set, session->oldest_compatible, mine->function_set);
    }
    return true;
}

enum conn_setup_verdict conn_setup_check(const struct session *session,
                                         const struct key_names *keys, struct err *why)
{
    const char *sqlstate = session->sqlstate;

    if (session->checked && !session_schema_fits(session, &program_schema, why)) {
        return CONN_SETUP_UNUSABLE;
    }
    if (sqlstate[0] == '\0') {
        bool fit = keys == NULL || key_names_fit(keys, &session->keys, why);

        return fit ? CONN_SETUP_USABLE : CONN_SETUP_UNUSABLE;
    }
    if (!session->checked && (strcmp(sqlstate, "3F000") == 0 || strcmp(sqlstate, "42883") == 0)) {
        err_set(why, "the database has no authd schema: " REMEDY);
        return CONN_SETUP_UNUSABLE;
    }
    if (strncmp(sqlstate, "42", 2) == 0) { /* a function is missing, or our right to it */
        err_set(why, "the database's schema cannot be used (%s): " REMEDY, session->error.text);
        return CONN_SETUP_UNUSABLE;
    }
    err_set(why, "%s", session->error.text);
    return CONN_SETUP_FAILED;
}
