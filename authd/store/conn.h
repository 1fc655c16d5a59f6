/* One connection: from closed to usable, and back.
 *
 *     DOWN → (RESOLVING →) CONNECTING → PREPARING → UP
 *      ↑_________|________________|___________|_____|     after a back-off
 *
 * A connection reconnects by itself; its owner (store/lane.h) gives it units while it is UP.
 */
#ifndef STORE_CONN_H
#define STORE_CONN_H

#include <event2/event_struct.h>

#include "store/conn_setup.h"
#include "store/conninfo.h"
#include "store/unit.h"

/* The most units in flight on one connection; more units would only wait in the server instead of
 * the lane. */
#define CONN_UNITS_MAX 64

struct conn;
struct loop;
struct resolver;
struct workers;

enum conn_state { CONN_DOWN, CONN_RESOLVING, CONN_CONNECTING, CONN_PREPARING, CONN_UP };

/* How a connection, or an attempt at one, ended. */
struct conn_loss {
    bool was_up;
    int64_t up_since; /* clock_ms() when the connection came up; valid if `was_up` */
    /* The database was reached, but its schema or its keys cannot be used. */
    bool unusable;
    const char *why; /* the cause, in one line */
    /* The units that were in flight, in order; the owner takes them over. */
    struct unit_list units;
};

struct conn_ops {
    void (*up)(void *owner);
    void (*down)(void *owner, struct conn_loss *loss);
    /* The unit's transaction has ended and its result is in the unit, which the owner takes
     * over. */
    void (*answered)(void *owner, struct db_unit *unit);
};

struct conn_options {
    struct loop *loop;
    const struct conninfo *target;
    struct workers *resolver;
    const struct key_names *keys;
    enum db_lane lane;
    const struct conn_ops *ops;
    void *owner;
};

struct conn {
    struct conn_options options;
    enum conn_state state;
    int64_t up_since; /* clock_ms() */
    PGconn *pg;
    struct resolver *resolve;
    struct conn_setup setup;
    unsigned first;    /* the endpoint that the next attempt begins with */
    unsigned delay_ms; /* the back-off before jitter */
    struct event io;
    struct event writable;
    /* DOWN: the next attempt; CONNECTING, PREPARING: the limit of this attempt. */
    struct event timer;
    struct unit_list in_flight;
    unsigned in_flight_count;
};

/* Starts the first attempt on the next turn of the loop. Calls no callback. */
void conn_init(struct conn *conn, const struct conn_options *options);
/* Ends the back-off, because another connection has just reached the database. */
void conn_retry_now(struct conn *conn);
/* Frees the units in flight without a callback. */
void conn_finish(struct conn *conn);

/* The connection is UP with fewer than CONN_UNITS_MAX units in flight. */
bool conn_has_room(const struct conn *conn);

/* Takes over the unit; conn_has_room() must hold. May call ops->down. */
void conn_send(struct conn *conn, struct db_unit *unit);
/* Writes the units that were sent to the socket. */
void conn_flush(struct conn *conn);
/* Gives the connection up and connects anew. */
void conn_reset(struct conn *conn, const char *why);

#endif
