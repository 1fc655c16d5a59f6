/* Asynchronous PostgreSQL: a few libpq connections in pipeline mode, in three lanes.
 *
 * A *unit* is one call of a statement of store/statements.h, followed by its own Sync. Each unit is
 * therefore a transaction of its own and cannot disturb its neighbours. Lanes keep kinds of work
 * out of each other's way: READ units never lock or write, WRITE units change what a login or a
 * caller waits for, SLOW units list and import. Every unit has a deadline; a unit that misses the
 * deadline in flight resets its connection. READ units are retried once on a new connection. Units
 * that write are never retried: an unknown outcome stays unknown.
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
    DB_REFUSED, /* an SQL error: sqlstate, message and hint are set */
    /* There is no connection, or the connection broke; the outcome of a unit that writes is unknown
     * if sqlstate is NULL. */
    DB_DOWN,
    DB_TIMEOUT, /* the deadline passed (outcome as with DB_DOWN), or the queue is full */
};

/* The result of a unit; valid during the callback only. */
struct db_result {
    enum db_status status;
    /* The database's error, five characters. Set with DB_REFUSED, and with DB_DOWN or DB_TIMEOUT if
     * the database reported that it cannot serve the unit now, in which case nothing was changed.
     * NULL: the database did not answer. */
    const char *sqlstate;
    const char *message; /* NULL if `sqlstate` is NULL */
    const char *detail;  /* may be NULL */
    const char *hint;    /* may be NULL */
    int rows;
    void *internal;
};

/* The text of one column; NULL for SQL null. */
const char *db_text(const struct db_result *result, int row, int column);
/* Typed reads abort on a value that the statement cannot return, because such a value is a bug. */
int64_t db_int(const struct db_result *result, int row, int column);
bool db_bool(const struct db_result *result, int row, int column);

struct db_options {
    const char *url;           /* the libpq connection string of the service role */
    unsigned read_connections; /* the other lanes have one each */
    struct workers *resolver;  /* resolves host names, because getaddrinfo() blocks; outlives db */
    /* The names of this node's keys, compared with those that the database lists; outlives db.
     * NULL: any list is accepted. */
    const struct key_names *keys;
    /* Called when a database can be reached but its schema or its keys cannot be used; `text` has
     * the remedy. */
    void (*unusable)(void *arg, const char *text);
    void (*up)(void *arg); /* the first READ connection became usable: logins can be answered */
    /* Called when a statement failed with another error than an answer of the schema's functions
     * (SQLSTATE class AU): the database or its installation is at fault. Repetitions are reported
     * at intervals. */
    void (*failed)(void *arg, const char *text);
    /* The last READ connection was lost, or the first attempt to connect failed. */
    void (*down)(void *arg, const char *why);
    void *arg;
};

struct db *db_create(struct loop *loop, const struct db_options *options); /* starts to connect */
/* Every unit must have ended or been cancelled. Must not be called from a callback of the pool. */
void db_destroy(struct db *db);

typedef void db_done_f(const struct db_result *result, void *arg);

/* Parameters are copied. Add as many as the statement has, in order. */
struct db_unit *db_unit_create(enum statement statement);
void db_unit_text(struct db_unit *unit, const char *value); /* NULL: SQL null */
void db_unit_int(struct db_unit *unit, int64_t value);
void db_unit_text_array(struct db_unit *unit, const char *const *values, size_t count);
/* Has the unit's transaction rolled back after its result was computed; the result is delivered. */
void db_unit_dry_run(struct db_unit *unit);

/* Runs the unit and frees it at the end. `done` is called once, after this call has returned,
 * unless the unit is cancelled. `deadline_ms` counts from now, over both tries. */
void db_run(struct db *db, struct db_unit *unit, int deadline_ms, db_done_f *done, void *arg);
/* Detaches `done`. The unit may still take effect: cancelled never means undone. */
void db_cancel(struct db_unit *unit);

#endif
