/* One connection: from nothing to usable, and back.
 *
 *     DOWN → (RESOLVING →) CONNECTING → PREPARING → UP
 *      ↑_________|________________|___________|_____|     after a back-off
 *
 * It keeps itself connected; its owner (store/lane.h) hands it units while it is UP.
 */
#ifndef STORE_CONN_H
#define STORE_CONN_H

#include <event2/event_struct.h>

#include "store/session.h"
#include "store/target.h"
#include "store/unit.h"

/* Units in flight on one connection, at most. More would only wait in another place. */
#define CONN_UNITS_MAX 64

struct conn;
struct loop;
struct resolve;
struct workers;

enum conn_state { CONN_DOWN, CONN_RESOLVING, CONN_CONNECTING, CONN_PREPARING, CONN_UP };

/* How a connection, or an attempt at one, ended. */
struct conn_loss {
    bool was_up;
    int64_t up_since;       /* clock_ms(), if it was */
    bool unusable;          /* the database was reached, its schema is wrong: */
    const char *why;        /* one line */
    struct unit_list units; /* were in flight, in order; now the owner's */
};

struct conn_ops {
    void (*up)(void *owner);
    void (*down)(void *owner, struct conn_loss *loss);
    /* The unit's transaction has ended; its result is in it. Now the owner's. */
    void (*answered)(void *owner, struct db_unit *unit);
};

struct conn_options {
    struct loop *loop;
    const struct target *target;
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
    struct resolve *resolve;
    struct session session;
    unsigned first;    /* the endpoint that the next attempt starts with */
    unsigned delay_ms; /* the back-off, before jitter */
    struct event io;
    struct event writable;
    struct event timer; /* DOWN: next attempt; CONNECTING, PREPARING: limit of this one */
    struct unit_list in_flight;
    unsigned in_flight_count;
};

/* Starts the first attempt on the next turn of the loop. No callback is called from here. */
void conn_init(struct conn *conn, const struct conn_options *options);
/* Ends the back-off: somebody else has just seen the database. */
void conn_hurry(struct conn *conn);
/* Frees the units in flight without calling anybody. */
void conn_finish(struct conn *conn);

bool conn_has_room(const struct conn *conn); /* UP, and less than CONN_UNITS_MAX in flight */

/* Takes over the unit; needs room. May end in ops->down. */
void conn_send(struct conn *conn, struct db_unit *unit);
/* Writes what was sent. */
void conn_flush(struct conn *conn);
/* Gives the connection up and starts anew. */
void conn_reset(struct conn *conn, const char *why);

#endif
