/* The inside of the Dovecot front: dovecot.c keeps the connections, dovecot_request.c their
 * requests. */
#ifndef FRONT_DOVECOT_PRIVATE_H
#define FRONT_DOVECOT_PRIVATE_H

#include "front/dovecot.h"
#include "front/dovecot_command.h"
#include "loop/stream.h"

struct sasl_exchange;

struct dovecot_front {
    struct loop *loop;
    struct core *core;
    struct dovecot_options options;
    bool draining;
    bool full; // all connections are taken, which was logged
    unsigned connections;
    unsigned live; // requests of all connections
    uint32_t next_cuid;
    TAILQ_HEAD(, connection) list;
    char line[DOVECOT_LINE_MAX]; // the line in progress; wiped afterwards
};

struct connection {
    struct dovecot_front *front;
    struct stream stream;
    enum { AWAIT_VERSION, AWAIT_CPID, READY, CLOSING } state;
    bool half_closed; // the client has stopped sending and still reads
    uint64_t number;  // unique among the connections of the process
    uint32_t minor;
    unsigned live;
    char peer[sizeof(((struct peer *)0)->text)];
    TAILQ_HEAD(, request) requests;
    TAILQ_ENTRY(connection) link; // dovecot_front::list
};

struct request {
    struct connection *connection;
    uint32_t id; // in use until the last line of its request is written
    struct sasl_exchange *exchange;
    TAILQ_ENTRY(request) link; // connection::requests
};

/* Runs one command of the client. May close the connection. */
void dovecot_command_run(struct connection *connection, struct dovecot_command *command);

/* Frees a request whose SASL exchange has ended or been cancelled. */
void dovecot_request_free(struct request *request);

/* Cancels the requests under way, sends the queued replies, and closes the connection. */
void dovecot_connection_close(struct connection *connection);
/* Logs a breach of the protocol and closes the connection. */
void dovecot_connection_broken(struct connection *connection, const char *why);
/* Closes the connection if it has no request left and is draining or half closed. Call it after
 * every finished request. */
void dovecot_connection_close_if_idle(struct connection *connection);

#endif
