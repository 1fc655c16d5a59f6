/* Asynchronous PostgreSQL: a few libpq connections in pipeline mode, in three lanes.
 *
 * A *unit* is one call of a statement of store/statements.h, followed by its own Sync, so it is one
 * transaction and cannot disturb its neighbours. Lanes keep kinds of work out of each other's way:
 * READ units never lock or write, WRITE units take one-time facts, SLOW units list and import.
 * Every unit has a deadline; one that misses it in flight resets its connection. READ units are
 * retried once on a new connection, units that write never: an unknown outcome stays unknown.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/statements.h"

struct db;
struct db_unit;
struct key_names;
struct loop;
struct workers;

enum db_status {
    DB_OK,
    DB_REFUSED, /* an SQL error: sqlstate, message, hint are set */
    DB_DOWN,    /* no connection, or it broke (a writing unit's outcome is then unknown) */
    DB_TIMEOUT, /* the deadline passed (ditto), or too many units are waiting */
};

/* Valid during the callback only. */
struct db_result {
    enum db_status status;
    /* Set with DB_REFUSED, and with DB_DOWN or DB_TIMEOUT if the database itself said that it
     * cannot now; then nothing was changed. NULL: it did not answer. */
    const char *sqlstate; /* five characters */
    const char *message;
    const char *hint; /* may be NULL */
    int rows;
    void *internal;
};

/* Text of one column; NULL for SQL null. */
const char *db_text(const struct db_result *result, int row, int column);
/* Typed reads abort on a value that the statement cannot return: that is a bug, not an input. */
int64_t db_int(const struct db_result *result, int row, int column);
bool db_bool(const struct db_result *result, int row, int column);

struct db_options {
    const char *url;           /* libpq connection string of the service role */
    unsigned read_connections; /* the other lanes have one each */
    struct workers *resolver;  /* host names are resolved there: getaddrinfo blocks; outlives db */
    /* Of this node's key files; outlives db. NULL: whichever the database lists will do. */
    const struct key_names *keys;
    /* Called when a database can be reached but its schema or its keys cannot be used, with the
     * remedy. */
    void (*unusable)(void *arg, const char *text);
    void (*up)(void *arg); /* the first READ connection became usable: logins can be answered */
    /* A statement failed, other than by an answer of the schema's functions (SQLSTATE class AU):
     * the database or its installation is at fault. Not called again and again for the same. */
    void (*failed)(void *arg, const char *text);
    void (*down)(void *arg, const char *why); /* the last one was lost, or the first try failed */
    void *arg;
};

struct db *db_create(struct loop *loop, const struct db_options *options); /* starts connecting */
/* Every unit has ended or been cancelled before. Not from inside a callback of the pool. */
void db_destroy(struct db *db);

typedef void db_done_f(const struct db_result *result, void *arg);

/* Parameters are copied. Add as many as the statement has, in order. */
struct db_unit *db_unit_create(enum statement statement);
void db_unit_text(struct db_unit *unit, const char *value); /* NULL: SQL null */
void db_unit_int(struct db_unit *unit, int64_t value);
void db_unit_text_array(struct db_unit *unit, const char *const *values, size_t count);
/* The unit's transaction is rolled back after its result was delivered. */
void db_unit_dry_run(struct db_unit *unit);

/* Runs the unit; it frees itself. `done` is called once, never from inside this call, unless the
 * unit is cancelled. `deadline_ms` counts from now, over both tries. */
void db_run(struct db *db, struct db_unit *unit, int deadline_ms, db_done_f *done, void *arg);
/* Detaches `done`. The unit may still take effect: cancelled never means undone. */
void db_cancel(struct db_unit *unit);

#endif
