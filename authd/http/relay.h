/* A client's connection. The relay hands libmicrohttpd whole requests only: one at a time, through
 * a socket pair, and only octets that http/framing has checked.
 *
 * A request that is not framed well never reaches libmicrohttpd whole: the relay answers the
 * request itself, closes the connection, and reads nothing of what follows as a request. The relay
 * holds octets behind a request back until the request is answered, so that even a request whose
 * end libmicrohttpd saw elsewhere would not make it read another one.
 *
 * Threats: a client that is silent or slow. A request must be here whole 10 s after its first
 * octet, however slowly its octets come, and a first request over TLS 10 s after the connection,
 * handshake included. A connection on which nothing moves for 30 s ends. A client that sends
 * without end: the relay reads on only when it has passed on what it read. */
#ifndef HTTP_RELAY_H
#define HTTP_RELAY_H

#include <event2/event_struct.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "http/client.h"
#include "http/framing.h"
#include "http/transport.h"

struct core;
struct relay;

TAILQ_HEAD(relay_list, relay);

/* What the relays of a server share. */
struct relays {
    struct core *core;
    bool draining;          /* a connection ends with the answer that its client waits for */
    struct relay_list open; /* in the order in which clients connected */
    /* Gives `fd`, the other end of a relay's pair, to libmicrohttpd, which owns it from then on and
     * holds the relay until relay_release(). False: `fd` is closed. */
    bool (*connect)(struct relays *relays, struct relay *relay, int fd);
};

enum relay_state {
    RELAY_HEAD = 0, /* no request, or the head of one, is here */
    RELAY_BODY,     /* the body comes */
    RELAY_ANSWER,   /* the answer is awaited */
    RELAY_ENDING,   /* the connection ends when everything is written */
    RELAY_LINGER,   /* everything is written; the client is to close */
    RELAY_GONE,
};

struct relay {
    struct http_client client; /* the first member, to which libmicrohttpd's context points */
    struct relays *relays;
    struct network network; /* of the client, for http/connection_limit; unknown: none */
    enum relay_state state;
    struct transport transport;
    bool ended;       /* the client sends no more */
    bool shake_write; /* the handshake has to write */
    int inner;        /* this end of the pair; -1: there is none */
    bool held;        /* libmicrohttpd has the other end */
    int far;          /* the other end; valid while `held` */
    bool closed;      /* the client's side is closed */
    struct framing framing;
    struct buf in;  /* from the client */
    size_t checked; /* octets of `in` to be handed to libmicrohttpd */
    struct buf out; /* for the client */
    struct event readable;
    struct event writable;
    struct event inner_readable;
    struct event inner_writable;
    struct event again; /* an answer is out */
    struct event late;  /* the end of the request's time; set while a request comes */
    struct event idle;  /* the end of silence */
    TAILQ_ENTRY(relay) link;
    TAILQ_ENTRY(relay) arriving; // http_server::arriving
};

/* Takes over the client's socket. `network` is that of client_network(). */
void relay_create(struct relays *relays, const struct http_client *client,
                  const struct network *network, int fd);
/* libmicrohttpd has answered a request, or given it up. */
void relay_completed(struct relay *relay);
/* libmicrohttpd has closed its end. Frees the relay if the client's side is closed, too. */
void relay_release(struct relay *relay);
/* True: a request is here, or its answer is not yet out. */
bool relay_is_busy(const struct relay *relay);
/* Ends the connection with the answer that the client waits for, or else at once. */
void relay_drain(struct relay *relay);
/* Moves on what can be moved at once. May close the connection. */
void relay_run(struct relay *relay);
/* Closes the connection at once. Frees the relay, unless libmicrohttpd holds it. */
void relay_close(struct relay *relay);

#endif
