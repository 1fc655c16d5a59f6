/* Migrations: the one place where authd changes its schema.
 *
 * Threats: two programs that migrate at the same time (an advisory lock; the second finds nothing
 * to do), a migration that stops in the middle (each is one transaction together with its row in
 * schema_info), an old program on a newer schema (refused), and functions that belong to whoever
 * happened to run this: they are SECURITY DEFINER, so everything is done as authd_owner, never as a
 * superuser.
 */
#include "store/migrate.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/migrations.h"

/* "authd" in ASCII: one lock for each database. */
#define LOCK_SQL          "SELECT pg_catalog.pg_advisory_lock(418582390884)"
#define OLDEST_SERVER     150000
#define CONNECT_TIMEOUT_S "10"
#define ROLES_REMEDY      "let a database administrator run schema/roles.sql first"

static void ignore_notice(void *arg, const PGresult *notice)
{
    (void)arg;
    (void)notice;
}

/* NULL: see `err`. */
static PGconn *connect_to(const char *url, struct err *err)
{
    /* A later setting wins: what stands before dbname is a default, what follows is not. */
    const char *const names[] = {"connect_timeout", "dbname", "application_name", NULL};
    const char *const values[] = {CONNECT_TIMEOUT_S, url, "authd --migrate", NULL};

    PGconn *pg = PQconnectdbParams(names, values, 1);
    if (PQstatus(pg) != CONNECTION_OK) {
        err_set(err, "cannot connect to the database: %s", PQerrorMessage(pg));
        PQfinish(pg);
        return NULL;
    }
    PQsetNoticeReceiver(pg, ignore_notice, NULL);
    return pg;
}

/* Runs SQL, several statements if need be. `what` begins the sentence of a failure. */
static bool execute(PGconn *pg, const char *what, const char *sql, struct err *err)
{
    PGresult *result = PQexec(pg, sql);
    ExecStatusType status = PQresultStatus(result);
    bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!ok) {
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        err_set(err, "%s: %s", what, message ? message : PQerrorMessage(pg));
    }
    PQclear(result);
    return ok;
}

/* The number that a query answers with. */
static bool ask(PGconn *pg, const char *what, const char *sql, int *number, struct err *err)
{
    PGresult *result = PQexec(pg, sql);
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
    if (ok) {
        *number = atoi(PQgetvalue(result, 0, 0));
    } else {
        err_set(err, "%s: %s", what, PQerrorMessage(pg));
    }
    PQclear(result);
    return ok;
}

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
    if (!ask(pg, "cannot read the roles",
             "SELECT count(*) FROM pg_catalog.pg_roles"
             " WHERE rolname IN ('authd_owner', 'authd_service')",
             &roles, err)) {
        return false;
    }
    if (roles != 2) {
        return err_set(err, "the roles authd_owner and authd_service are missing: " ROLES_REMEDY);
    }
    return execute(pg, "cannot act as the role authd_owner", "SET ROLE authd_owner", err);
}

/* 0: no schema yet. */
static bool read_version(PGconn *pg, int *version, struct err *err)
{
    int exists = 0;

    *version = 0;
    if (!ask(pg, "cannot look for the schema",
             "SELECT count(*) FROM pg_catalog.pg_class"
             " WHERE oid = pg_catalog.to_regclass('authd.schema_info')",
             &exists, err)) {
        return false;
    }
    return exists == 0 ||
           ask(pg, "cannot read the schema version",
               "SELECT coalesce(max(number), 0) FROM authd.schema_info", version, err);
}

static bool apply(PGconn *pg, const struct migration *migration, struct err *err)
{
    char what[128];
    char record[256];

    snprintf(what, sizeof what, "migration %04d_%s failed and was rolled back", migration->number,
             migration->name);
    snprintf(record, sizeof record,
             "INSERT INTO authd.schema_info (number, name, oldest_compatible)"
             " VALUES (%d, '%s', %d)",
             migration->number, migration->name, migration->oldest_compatible);
    return execute(pg, what, "BEGIN", err) && execute(pg, what, migration->sql, err) &&
           execute(pg, what, record, err) && execute(pg, what, "COMMIT", err);
}

static bool apply_pending(PGconn *pg, unsigned *applied, struct err *err)
{
    int version = 0;

    if (!check_database(pg, err) || !execute(pg, "cannot lock the schema", LOCK_SQL, err) ||
        !read_version(pg, &version, err)) {
        return false;
    }
    if (version > migration_count) {
        return err_set(err,
                       "the database's schema (version %d) is newer than this authd (version %d): "
                       "install a newer authd",
                       version, migration_count);
    }
    for (int i = version; i < migration_count; i++) {
        if (!apply(pg, &migrations[i], err)) {
            return false;
        }
        (*applied)++;
    }
    return true;
}

bool migrate_run(const char *owner_url, unsigned *applied, struct err *err)
{
    *applied = 0;
    PGconn *pg = connect_to(owner_url, err);
    if (pg == NULL) {
        return false;
    }
    bool ok = apply_pending(pg, applied, err);
    PQfinish(pg); /* rolls back what is open and frees the lock */
    return ok;
}

static bool prepare(PGconn *pg, struct err *err)
{
    int exists = 0;

    if (!execute(pg, "cannot create the roles", roles_sql, err) ||
        !ask(pg, "cannot list the databases",
             "SELECT count(*) FROM pg_catalog.pg_database WHERE datname = 'authd'", &exists, err)) {
        return false;
    }
    return exists != 0 || execute(pg, "cannot create the database",
                                  "CREATE DATABASE authd OWNER authd_owner TEMPLATE template0"
                                  " ENCODING 'UTF8'",
                                  err);
}

bool migrate_prepare(const char *superuser_url, struct err *err)
{
    PGconn *pg = connect_to(superuser_url, err);
    if (pg == NULL) {
        return false;
    }
    bool ok = prepare(pg, err);
    PQfinish(pg);
    return ok;
}

int migrate_version(void)
{
    return migration_count;
}
