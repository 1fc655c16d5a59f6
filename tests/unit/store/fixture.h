/* A pool on the database of tests/with-postgres, and a record of its callbacks. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include "../loop/until.h"
#include "loop/workers.h"
#include "store/db.h"

struct fixture {
    struct loop *loop;
    struct workers *resolver;
    struct db *db;
    bool up;
    int ups;
    int downs;
    int unusables;
    int failures;
    char text[512]; /* of the last callback that had a text */
};

/* A unit and its result. */
struct call {
    struct db_unit *unit; /* NULL once done */
    int done;             /* how often its callback was called: must be 1 */
    int order;            /* its place in the order in which units ended */
    enum db_status status;
    int rows;
    char sqlstate[6];
    char text[128]; /* the first column of the first row, or the message */
};

/* `url` is that of any role. Returns before the pool is connected. */
void fixture_open(struct fixture *fixture, const char *url);
/* As the service role. Returns when all lanes are connected. */
void fixture_open_up(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* Replaces functions of the schema, so that calls can be slow or fail (see fixture.c). */
void fixture_replace_functions(void);

/* authd.confirm() on LANE_READ: sleeps `ms`, returns true. */
void call_read(struct fixture *fixture, struct call *call, int ms, int deadline_ms);
/* authd.confirm() on LANE_READ with arguments that choose a kind of failure. */
void call_confirm(struct fixture *fixture, struct call *call, int64_t id, int64_t version);
/* authd.manage() on LANE_WRITE: writes `text` into authd.test_note, sleeps `ms`. */
void call_write(struct fixture *fixture, struct call *call, const char *text, int ms);
void call_run(struct fixture *fixture, struct call *call, int deadline_ms);
void calls_wait(struct fixture *fixture, struct call *calls, size_t count);

/* Runs SQL as the superuser. The result is the first column of the first row, valid until the next
 * call. */
const char *server_sql(const char *sql);
long server_number(const char *sql);
void server_control(const char *action); /* pg_ctl */
void server_signal(int number);          /* the whole server */
/* Waits until `count` backends of the service role sleep in a statement. */
void server_wait_sleepers(struct fixture *fixture, int count);

#endif
