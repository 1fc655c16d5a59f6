/* A connection as the owner role, for what is done before the loop runs. Blocking. */
#ifndef STORE_OWNER_H
#define STORE_OWNER_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/err.h"

/* NULL: see `err`. */
PGconn *owner_connect(const char *url, struct err *err);
/* Runs SQL, several statements if need be. `what` begins the sentence of a failure. */
bool owner_execute(PGconn *pg, const char *what, const char *sql, struct err *err);
/* The number that a query answers with. */
bool owner_ask(PGconn *pg, const char *what, const char *sql, int *number, struct err *err);
/* From here on as the role authd_owner, and one program at a time, until the connection ends. */
bool owner_begin(PGconn *pg, struct err *err);

#endif
