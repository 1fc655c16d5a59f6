/* Threat: two programs of different builds that replace each other's functions again and again, or
 * functions over tables that they were not written for. */
#include "store/schema_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/owner_conn.h"

#define UNDEFINED_COLUMN "42703"

static bool take(PGresult *result, struct schema_state *state, struct err *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

    if (sqlstate != NULL && strcmp(sqlstate, UNDEFINED_COLUMN) == 0) {
        state->migration = 1;
        return true;
    }
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        return err_set(err, "cannot read the schema version: %s",
                       message ? message : "authd.schema_info is empty");
    }
    state->migration = atoi(PQgetvalue(result, 0, 0));
    state->function_set = atoi(PQgetvalue(result, 0, 2));
    state->oldest_compatible = atoi(PQgetvalue(result, 0, 4));
    snprintf(state->migration_sha256, sizeof(state->migration_sha256), "%s",
             PQgetvalue(result, 0, 1));
    snprintf(state->function_set_sha256, sizeof(state->function_set_sha256), "%s",
             PQgetvalue(result, 0, 3));
    return true;
}

bool schema_state_read(PGconn *pg, struct schema_state *state, struct err *err)
{
    int exists = 0;

    *state = (struct schema_state){0};
    if (!owner_conn_ask(pg, "cannot look for the schema",
                        "SELECT count(*) FROM pg_catalog.pg_class"
                        " WHERE oid = pg_catalog.to_regclass('authd.schema_info')",
                        &exists, err)) {
        return false;
    }
    if (exists == 0) {
        return true;
    }
    PGresult *result = PQexec(pg, "SELECT migration, migration_sha256, function_set,"
                                  " function_set_sha256, oldest_compatible FROM authd.schema_info");
    bool taken = take(result, state, err);
    PQclear(result);
    return taken;
}

static enum schema_step refuse_migrations(const struct schema_state *state, struct err *why)
{
    err_set(why,
            "the tables of the database are those of another build of authd (migration %d has "
            "another SHA-256): before version 1.0 they are not converted; run that build, or "
            "begin with an empty database (keep a dump: DROP SCHEMA authd CASCADE deletes all "
            "users)",
            state->migration);
    return SCHEMA_REFUSED;
}

static enum schema_step refuse_set(const struct schema *program, struct err *why)
{
    err_set(why,
            "the database has function set %d of another build of authd: run that build; or, "
            "where this one is built, schema/embed.py --raise gives its functions a number of "
            "their own",
            program->function_set);
    return SCHEMA_REFUSED;
}

static enum schema_step refuse_line(const struct schema_state *state, const struct schema *program,
                                    struct err *why)
{
    err_set(why,
            "the database (migration %d, function set %d) and this authd (migration %d, function "
            "set %d) each have something that the other lacks: install an authd that has both",
            state->migration, state->function_set, program->migration_count, program->function_set);
    return SCHEMA_REFUSED;
}

static enum schema_step newer(const struct schema_state *state, const struct schema *program,
                              struct err *why)
{
    if (state->oldest_compatible <= program->function_set) {
        return SCHEMA_NEWER;
    }
    err_set(why,
            "the database's schema (function set %d) needs an authd of function set %d or later, "
            "this one has %d: install a newer authd",
            state->function_set, state->oldest_compatible, program->function_set);
    return SCHEMA_REFUSED;
}

enum schema_step schema_state_compare(const struct schema_state *state,
                                      const struct schema *program, struct err *why)
{
    int migration = program->migration_count - state->migration;
    int set = program->function_set - state->function_set;

    if (state->migration == 0) {
        return SCHEMA_APPLY;
    }
    if (migration >= 0 &&
        strcmp(program->migrations[state->migration - 1].sha256, state->migration_sha256) != 0) {
        return refuse_migrations(state, why);
    }
    if ((migration < 0 && set > 0) || (migration > 0 && set < 0)) {
        return refuse_line(state, program, why);
    }
    if (set == 0 && strcmp(program->function_set_sha256, state->function_set_sha256) != 0) {
        return refuse_set(program, why);
    }
    if (migration < 0 || set < 0) {
        return newer(state, program, why);
    }
    return migration > 0 || set > 0 ? SCHEMA_APPLY : SCHEMA_CURRENT;
}
