/* One lane: a bounded queue of units in front of a few connections.
 *
 * How a unit ends or is retried:
 *   - The queue is full, or the unit's deadline passes in the queue: DB_TIMEOUT, nothing was sent.
 *   - No connection is up and the last attempt to connect failed: DB_DOWN after LANE_WAIT_MS, so
 *     that clients hear soon that there is no database. While an attempt is fresh, units wait for
 *     its end.
 *   - The unit's deadline passes in flight: DB_TIMEOUT, and the connection is given up.
 *   - The unit's connection is lost: a READ unit goes back to the head of the queue, once; any
 *     other unit ends with DB_DOWN.
 *   - The server reports that it cannot serve the unit (unit.c): a READ unit is retried once; any
 *     other unit ends with DB_DOWN or DB_TIMEOUT.
 */
#ifndef STORE_LANE_H
#define STORE_LANE_H

#include "loop/loop.h"
#include "store/conn.h"

#define LANE_QUEUE_MAX 1024
#define LANE_WAIT_MS   300

struct lane;

struct lane_ops {
    void (*up)(struct lane *lane); /* the first connection became usable */
    /* The last connection was lost, or the first attempt to connect failed. */
    void (*down)(struct lane *lane, const char *why);
    /* Called after every attempt that finds the database unusable. */
    void (*unusable)(struct lane *lane, const char *text);
    /* The unit's result is an SQL error. */
    void (*failed)(struct lane *lane, const struct db_unit *unit);
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
    struct unit_list rejected; /* ended with DB_TIMEOUT after this turn */
    struct loop_hook hook;     /* sends the waiting units */
    struct event timer;        /* fires at the earliest deadline, or before */
    int64_t timer_at;          /* clock_ms(); INT64_MAX: the timer is not set */
};

/* Starts to connect. `ops` and `owner` of `options` are ignored: the lane sets its own. */
void lane_init(struct lane *lane, const struct conn_options *options, unsigned connections,
               const struct lane_ops *ops, void *owner);
void lane_finish(struct lane *lane);
/* Makes every connection that is down try again at once. */
void lane_retry_now(struct lane *lane);

/* Takes over the unit, whose `done` and `deadline` are set. `done` is called after this call has
 * returned. */
void lane_run(struct lane *lane, struct db_unit *unit);

#endif
