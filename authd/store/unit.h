/* The inside of a unit: what the unit sends, where it is, and its result.
 *
 * Parameters may be password hashes: they are the unit's own copies, wiped when the unit is freed.
 * (libpq keeps buffers of its own that cannot be wiped; that is why the process makes no core
 * file.)
 */
#ifndef STORE_UNIT_H
#define STORE_UNIT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "store/db.h"

#define UNIT_PARAMETERS_MAX 7

TAILQ_HEAD(unit_list, db_unit);

struct db_unit {
    enum statement statement;
    bool dry_run;
    bool cancelled; /* no callback is wanted; the function that next handles the unit frees it */
    unsigned count;
    char *values[UNIT_PARAMETERS_MAX];
    db_done_f *done;
    void *arg;
    /* clock_ms() when the unit joined its lane's queue, or was put back for a retry. */
    int64_t queued;
    int64_t deadline;          /* clock_ms() */
    int64_t lost;              /* clock_ms() when the first try failed; 0: no try has failed */
    enum db_status status;     /* how the unit will end; set when the unit is about to end */
    PGresult *result;          /* the result of its statement; final only after the Sync */
    TAILQ_ENTRY(db_unit) link; // lane::waiting, conn::in_flight or a list of ending units
};

struct statement_info {
    const char *name; /* name of the prepared statement */
    enum db_lane lane;
    enum db_kind kind;
    unsigned parameters;
    const char *sql;
};

extern const struct statement_info statement_table[STATEMENT_COUNT];

/* What a failed statement says about its unit. */
struct unit_failure {
    /* DB_REFUSED: an answer of the database; DB_DOWN, DB_TIMEOUT: the database cannot tell. */
    enum db_status status;
    bool connection_useless; /* the connection is useless from now on */
    bool outcome_unknown;    /* the server is going away: what it did before is unknown */
};
struct unit_failure unit_failure_of(const char *sqlstate);

/* Takes over the next result of the unit. After the first result only an error counts, because
 * COMMIT can fail, except the error that ends a dry run. False: the dry run was not rolled back. */
bool unit_take(struct db_unit *unit, PGresult *result);

/* Calls `done` unless the unit was cancelled, and frees the unit, which must be on no list. */
void unit_finish(struct db_unit *unit, enum db_status status);
/* Finishes each unit of a list with its `status`; a unit is off the list before its callback. */
void units_finish(struct unit_list *list);
/* Frees the units without a callback. */
void units_drop(struct unit_list *list);

#endif
