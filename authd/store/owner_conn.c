/* Threats: two programs change the schema or the list of keys at the same time, which an advisory
 * lock prevents; objects belong to the role that happened to create them, so everything is done as
 * authd_owner and nothing as a superuser. */
#include "store/owner_conn.h"

#include <stdlib.h>

/* "authd" in ASCII: one lock for each database. */
#define LOCK_SQL          "SELECT pg_catalog.pg_advisory_lock(418582390884)"
#define CONNECT_TIMEOUT_S "10"

static void ignore_notice(void *arg, const PGresult *notice)
{
    (void)arg;
    (void)notice;
}

PGconn *owner_conn_open(const char *url, struct err *err)
{
    /* Later parameters win: those before dbname are defaults for `url`, those after it override
     * `url`. */
    const char *const names[] = {"connect_timeout", "dbname", "application_name", NULL};
    const char *const values[] = {CONNECT_TIMEOUT_S, url, "smtp-authd --migrate", NULL};

    PGconn *pg = PQconnectdbParams(names, values, 1);
    if (PQstatus(pg) != CONNECTION_OK) {
        err_set(err, "cannot connect to the database: %s", PQerrorMessage(pg));
        PQfinish(pg);
        return NULL;
    }
    PQsetNoticeReceiver(pg, ignore_notice, NULL);
    return pg;
}

bool owner_conn_execute(PGconn *pg, const char *what, const char *sql, struct err *err)
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

bool owner_conn_ask(PGconn *pg, const char *what, const char *sql, int *number, struct err *err)
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

bool owner_conn_begin(PGconn *pg, struct err *err)
{
    return owner_conn_execute(pg, "cannot act as the role authd_owner", "SET ROLE authd_owner",
                              err) &&
           owner_conn_execute(pg, "cannot lock the schema", LOCK_SQL, err);
}
