/* A unit from the inside of the pool: what it sends, where it is, and what came back.
 *
 * Parameters may be password hashes: they are the unit's own copies and wiped with it. (libpq keeps
 * its own buffers, which nobody can wipe; that is why the process makes no core file.)
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
    bool cancelled; /* nobody waits for it any more; whoever holds it frees it */
    unsigned count;
    char *values[UNIT_PARAMETERS_MAX];
    db_done_f *done;
    void *arg;
    int64_t queued;   /* clock_ms() when it joined its lane's queue, and again when it is retried */
    int64_t deadline; /* clock_ms() */
    int64_t lost;     /* clock_ms() when its first try failed; 0: not yet */
    enum db_status status;     /* how it will end, once it is on its way out */
    PGresult *result;          /* what its statement returned; not valid before the Sync after it */
    TAILQ_ENTRY(db_unit) link; // lane::waiting, conn::in_flight or a list of ending units
};

struct statement_info {
    const char *name; /* of the prepared statement */
    enum db_lane lane;
    enum db_kind kind;
    unsigned parameters;
    const char *sql;
};

extern const struct statement_info statement_table[STATEMENT_COUNT];

/* What a failed statement says about its unit. */
struct unit_failure {
    enum db_status status; /* DB_REFUSED is the database's answer; the others mean "cannot tell" */
    bool breaks;           /* the connection is of no more use */
    bool leaves;           /* the server is going away: what it did before is unknown */
};
struct unit_failure unit_failure_of(const char *sqlstate);

/* Takes the next result of the unit. A later one counts only if it is an error (COMMIT can fail),
 * save for the one by which a dry run ends. False: the dry run was not rolled back. */
bool unit_take(struct db_unit *unit, PGresult *result);

/* Calls `done` unless cancelled, and frees the unit, which is on no list. */
void unit_finish(struct db_unit *unit, enum db_status status);
/* The same for a list, by the units' `status`; each is off the list before its callback. */
void units_finish(struct unit_list *list);
/* Frees them; calls nobody. */
void units_drop(struct unit_list *list);

#endif
