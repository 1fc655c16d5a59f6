/* A pool on the database of tests/with-postgres, and what it said. */
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
    char text[512]; /* of the last of these */
};

/* One unit and how it ended. */
struct call {
    struct db_unit *unit; /* NULL once done */
    int done;             /* how often: must be 1 */
    int order;            /* the how-manieth to end */
    enum db_status status;
    int rows;
    char sqlstate[6];
    char text[128]; /* the first column of the first row, or the message */
};

/* The service role's, or another. Returns before anything is connected. */
void fixture_open(struct fixture *fixture, const char *url);
void fixture_open_up(struct fixture *fixture); /* the service role's, all lanes connected */
void fixture_close(struct fixture *fixture);

/* Functions of the schema, replaced so that calls can be slow or fail (see fixture.c). */
void fixture_replace_functions(void);

/* authd.confirm(), LANE_READ: sleeps `ms`, gives true. */
void call_read(struct fixture *fixture, struct call *call, int ms, int deadline_ms);
/* The same with another first argument: a kind of failure. */
void call_confirm(struct fixture *fixture, struct call *call, int64_t id, int64_t version);
/* authd.manage(), LANE_WRITE: notes `text` in authd.test_note, sleeps `ms`. */
void call_write(struct fixture *fixture, struct call *call, const char *text, int ms);
void call_run(struct fixture *fixture, struct call *call, int deadline_ms);
void calls_wait(struct fixture *fixture, struct call *calls, size_t count);

/* Runs SQL as the superuser and returns the first column of the first row, until the next call. */
const char *server_sql(const char *sql);
long server_number(const char *sql);
void server_control(const char *action); /* pg_ctl */
void server_signal(int number);          /* the whole server */
/* Until a backend of the service role runs `count` statements that sleep. */
void server_wait_sleepers(struct fixture *fixture, int count);

#endif
