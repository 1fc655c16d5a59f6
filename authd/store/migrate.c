/* Migrations: the one place where authd changes its schema.
 *
 * Threats: two programs that migrate at the same time (an advisory lock; the second finds nothing
 * to do), a migration that stops in the middle (all is one transaction together with the row of
 * schema_info), an old program on a newer schema (which stays as it is: schema_state.h), and
 * functions that belong to the wrong role: they are SECURITY DEFINER, so everything is done as
 * authd_owner, never as a superuser.
 */
#include "store/migrate.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/owner_conn.h"
#include "store/schema_state.h"

#define OLDEST_SERVER 150000
#define ROLES_REMEDY  "let a database administrator run schema/roles.sql first"

/* What the schema needs of its database; each flaw with its remedy. */
static bool check_database(PGconn *pg, struct err *err)
{
    int roles = 0;

    if (PQserverVersion(pg) < OLDEST_SERVER) {
        return err_set(err, "PostgreSQL %d is too old: authd needs PostgreSQL %d or later",
                       PQserverVersion(pg) / 10000, OLDEST_SERVER / 10000);
    }
    const char *encoding = PQparameterStatus(pg, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        return err_set(err,
                       "the database %s has encoding %s: create it with TEMPLATE template0 "
                       "ENCODING 'UTF8'",
                       PQdb(pg), encoding ? encoding : "unknown");
    }
    if (!owner_conn_ask(pg, "cannot read the roles",
                        "SELECT count(*) FROM pg_catalog.pg_roles"
                        " WHERE rolname IN ('authd_owner', 'authd_service')",
                        &roles, err)) {
        return false;
    }
    if (roles != 2) {
        return err_set(err, "the roles authd_owner and authd_service are missing: " ROLES_REMEDY);
    }
    return true;
}

static void report_line(const struct migrate_options *options, const char *line)
{
    if (options->note != NULL) {
        options->note(line, options->note_arg);
    }
}

static bool apply_migration(PGconn *pg, const struct migration *migration,
                            const struct migrate_options *options, struct err *err)
{
    char name[128];
    char what[256];

    snprintf(name, sizeof(name), "migration %04d_%s", migration->number, migration->name);
    snprintf(what, sizeof(what), "%s failed and everything was rolled back", name);
    report_line(options, name);
    return owner_conn_execute(pg, what, migration->sql, err);
}

static bool apply_functions(PGconn *pg, const struct schema *schema, struct err *err)
{
    for (int i = 0; i < schema->function_count; i++) {
        const struct function_file *file = &schema->functions[i];
        char what[256];

        snprintf(what, sizeof(what), "functions/%s failed and everything was rolled back",
                 file->name);
        if (!owner_conn_execute(pg, what, file->sql, err)) {
            return false;
        }
    }
    return function_changes_drop_strays(pg, schema->signatures, err) &&
           owner_conn_execute(pg, "cannot write the schema version", schema->record, err);
}

/* What the report and the notes say about functions. */
struct tally {
    const struct migrate_options *options;
    struct function_changes *counts;
};

static void on_change(const char *signature, const char *change, void *arg)
{
    const struct tally *tally = arg;
    char line[512];

    tally->counts->made += strcmp(change, "new") == 0;
    tally->counts->changed += strcmp(change, "changed") == 0;
    tally->counts->dropped += strcmp(change, "dropped") == 0;
    snprintf(line, sizeof(line), "function %s: %s", signature, change);
    report_line(tally->options, line);
}

/* In the transaction. */
static bool apply(PGconn *pg, const struct schema_state *state,
                  const struct migrate_options *options, struct migrate_report *report,
                  struct err *err)
{
    const struct schema *schema = options->schema;
    struct tally tally = {.options = options, .counts = &report->functions};
    PGresult *before = function_changes_begin(pg, err);
    bool applied = before != NULL;

    for (int i = state->migration; applied && i < schema->migration_count; i++) {
        applied = apply_migration(pg, &schema->migrations[i], options, err);
    }
    applied = applied && apply_functions(pg, schema, err) &&
              function_changes_list(pg, before, on_change, &tally, err);
    report->migrations = schema->migration_count - state->migration;
    report->function_set = schema->function_set;
    PQclear(before);
    return applied;
}

static bool migrate(PGconn *pg, const struct migrate_options *options,
                    struct migrate_report *report, struct err *err)
{
    struct schema_state state;

    if (!check_database(pg, err) || !owner_conn_begin(pg, err) ||
        !owner_conn_execute(pg, "cannot begin", options->schema->begin, err) ||
        !schema_state_read(pg, &state, err)) {
        return false;
    }
    report->function_set_before = report->function_set = state.function_set;
    switch (schema_state_compare(&state, options->schema, err)) {
    case SCHEMA_CURRENT:
        return true;
    case SCHEMA_NEWER:
        report->newer = true;
        return true;
    case SCHEMA_APPLY:
        return apply(pg, &state, options, report, err) &&
               owner_conn_execute(pg, "cannot end the migration",
                                  options->dry_run ? "ROLLBACK" : "COMMIT", err);
    case SCHEMA_REFUSED:
        break;
    }
    return false;
}

bool migrate_run(const char *owner_url, const struct migrate_options *options,
                 struct migrate_report *report, struct err *err)
{
    *report = (struct migrate_report){0};
    PGconn *pg = owner_conn_open(owner_url, err);
    if (pg == NULL) {
        return false;
    }
    bool ok = migrate(pg, options, report, err);
    PQfinish(pg); /* rolls back what is open and frees the lock */
    if (!ok) {
        *report = (struct migrate_report){0};
    }
    return ok;
}

static bool prepare(PGconn *pg, struct err *err)
{
    int exists = 0;

    if (!owner_conn_execute(pg, "cannot create the roles", roles_sql, err) ||
        !owner_conn_ask(pg, "cannot list the databases",
                        "SELECT count(*) FROM pg_catalog.pg_database WHERE datname = 'authd'",
                        &exists, err)) {
        return false;
    }
    return exists != 0 ||
           owner_conn_execute(pg, "cannot create the database",
                              "CREATE DATABASE authd OWNER authd_owner TEMPLATE template0"
                              " ENCODING 'UTF8'",
                              err);
}

bool migrate_prepare(const char *superuser_url, struct err *err)
{
    PGconn *pg = owner_conn_open(superuser_url, err);
    if (pg == NULL) {
        return false;
    }
    bool ok = prepare(pg, err);
    PQfinish(pg);
    return ok;
}
