/* What a new connection must do before it may run units: prepare the statements of its lane, and
 * prove that the schema behind it is one that this program knows. One round trip. */
#ifndef STORE_CONN_SETUP_H
#define STORE_CONN_SETUP_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/err.h"
#include "store/key_names.h"
#include "store/statements.h"

/* The prepared statement that ends a dry run. */
#define CONN_DRY_RUN "DRY_RUN"

struct session {
    bool checked; /* authd.schema_version() answered: */
    int migration;
    int function_set;
    int oldest_compatible;
    struct key_names keys; /* what authd.key_list() answered */
    char sqlstate[6];      /* of the first error; empty: none */
    struct err error;
};

enum conn_setup_verdict {
    CONN_SETUP_USABLE,
    CONN_SETUP_UNUSABLE, /* wrong or no schema: somebody must do something about it */
    CONN_SETUP_FAILED,   /* try again */
};

/* Sends it all, on a connection in pipeline mode. False: see PQerrorMessage(). */
bool session_begin(struct session *session, PGconn *pg, enum db_lane lane);
/* Takes over the next result. True: that was the last one. */
bool session_take(struct session *session, PGresult *result);
/* `keys`: of this node; NULL: whichever the database lists will do. */
enum conn_setup_verdict conn_setup_check(const struct session *session,
                                         const struct key_names *keys, struct err *why);

#endif
