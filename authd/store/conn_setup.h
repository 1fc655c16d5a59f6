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

struct conn_setup {
    bool checked; /* authd.schema_version() answered, and the next three members are set */
    int migration;
    int function_set;
    int oldest_compatible;
    struct key_names keys; /* from authd.key_names() */
    char sqlstate[6];      /* of the first error; empty: none */
    struct err error;
};

enum conn_setup_verdict {
    CONN_SETUP_USABLE,
    CONN_SETUP_UNUSABLE, /* wrong or no schema: an administrator must act */
    CONN_SETUP_FAILED,   /* try again */
};

/* Sends the statements on a connection in pipeline mode. False: see PQerrorMessage(). */
bool conn_setup_begin(struct conn_setup *setup, PGconn *pg, enum db_lane lane);
/* Takes over the next result. True: that was the last one. */
bool conn_setup_take(struct conn_setup *setup, PGresult *result);
/* `keys` are those of this node. NULL: any list of keys in the database is accepted. */
enum conn_setup_verdict conn_setup_check(const struct conn_setup *setup,
                                         const struct key_names *keys, struct err *why);

#endif
