/* One lane: a bounded queue of units in front of a few connections.
 *
 * What becomes of a unit:
 *   - The queue is full, or its deadline passes while it waits: DB_TIMEOUT, nothing was sent.
 *   - No connection is up and the last attempt to get one failed: DB_DOWN after LANE_GRACE_MS, so
 * that clients hear soon that there is no database. While an attempt is still fresh, units wait for
 * it.
 *   - Its deadline passes while it is in flight: DB_TIMEOUT, and the connection is given up.
 *   - Its connection is lost: a READ unit goes back to the head of the queue, once; else DB_DOWN.
 *   - The server cannot tell (unit.c): likewise.
 */
#ifndef STORE_LANE_H
#define STORE_LANE_H

#include "loop/loop.h"
#include "store/conn.h"

#define LANE_QUEUE_MAX 1024
#define LANE_GRACE_MS  300

struct lane;

struct lane_ops {
    void (*up)(struct lane *lane); /* the first connection became usable */
    void (*down)(struct lane *lane,
                 const char *why); /* the last was lost, or the first try failed */
    void (*unusable)(struct lane *lane, const char *text);         /* at every attempt */
    void (*failed)(struct lane *lane, const struct db_unit *unit); /* an SQL error, in its result */
};

enum lane_state { LANE_UNKNOWN, LANE_UP, LANE_DOWN };

struct lane {
    struct loop *loop;
    const struct lane_ops *ops;
    void *owner;
    enum lane_state state;
    bool failed; /* no connection is up and the last attempt failed */
    struct conn *conns;
    unsigned conn_count;
    unsigned up_count;
    struct unit_list waiting;
    unsigned waiting_count;
    struct unit_list rejected; /* to be told at the end of this turn */
    struct loop_hook hook;     /* sends what waits */
    struct event timer;        /* the earliest deadline, or earlier */
    int64_t timer_at;          /* clock_ms(); INT64_MAX: not set */
};

/* `options` but `ops` and `owner`, which are the lane's own. Starts connecting. */
void lane_init(struct lane *lane, const struct conn_options *options, unsigned connections,
               const struct lane_ops *ops, void *owner);
void lane_finish(struct lane *lane);
/* What is down tries again at once. */
void lane_hurry(struct lane *lane);

/* Takes over the unit, whose `done` and `deadline` are set; never calls it from here. */
void lane_run(struct lane *lane, struct db_unit *unit);

#endif
