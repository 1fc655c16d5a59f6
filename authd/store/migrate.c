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
#include "store/owner.h"

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
    if (!owner_ask(pg, "cannot read the roles",
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

/* 0: no schema yet. */
static bool read_version(PGconn *pg, int *version, struct err *err)
{
    int exists = 0;

    *version = 0;
    if (!owner_ask(pg, "cannot look for the schema",
                   "SELECT count(*) FROM pg_catalog.pg_class"
                   " WHERE oid = pg_catalog.to_regclass('authd.schema_info')",
                   &exists, err)) {
        return false;
    }
    return exists == 0 ||
           owner_ask(pg, "cannot read the schema version",
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
    return owner_execute(pg, what, "BEGIN", err) && owner_execute(pg, what, migration->sql, err) &&
           owner_execute(pg, what, record, err) && owner_execute(pg, what, "COMMIT", err);
}

static bool apply_pending(PGconn *pg, unsigned *applied, struct err *err)
{
    int version = 0;

    if (!check_database(pg, err) || !owner_begin(pg, err) || !read_version(pg, &version, err)) {
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
    PGconn *pg = owner_connect(owner_url, err);
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

    if (!owner_execute(pg, "cannot create the roles", roles_sql, err) ||
        !owner_ask(pg, "cannot list the databases",
                   "SELECT count(*) FROM pg_catalog.pg_database WHERE datname = 'authd'", &exists,
                   err)) {
        return false;
    }
    return exists != 0 || owner_execute(pg, "cannot create the database",
                                        "CREATE DATABASE authd OWNER authd_owner TEMPLATE template0"
                                        " ENCODING 'UTF8'",
                                        err);
}

bool migrate_prepare(const char *superuser_url, struct err *err)
{
    PGconn *pg = owner_connect(superuser_url, err);
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
