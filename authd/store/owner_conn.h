/* A blocking connection as the owner role, for work before the loop runs. */
#ifndef STORE_OWNER_CONN_H
#define STORE_OWNER_CONN_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/err.h"

/* NULL: see `err`. */
PGconn *owner_conn_open(const char *url, struct err *err);
/* Runs SQL, several statements if need be. `what` begins the sentence of a failure. */
bool owner_conn_execute(PGconn *pg, const char *what, const char *sql, struct err *err);
/* Runs a query that answers with one number. */
bool owner_conn_ask(PGconn *pg, const char *what, const char *sql, int *number, struct err *err);
/* From this call until the connection ends, the connection acts as the role authd_owner and
 * excludes every other program that has called this function. */
bool owner_conn_begin(PGconn *pg, struct err *err);

#endif
