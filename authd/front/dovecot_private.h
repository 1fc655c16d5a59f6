/* The inside of the Dovecot front: dovecot.c keeps the connections, dovecot_request.c what is asked
 * on them. */
#ifndef FRONT_DOVECOT_PRIVATE_H
#define FRONT_DOVECOT_PRIVATE_H

#include "front/dovecot.h"
#include "front/dovecot_line.h"
#include "loop/stream.h"

struct dialogue;

struct dovecot_front {
    struct loop *loop;
    struct core *core;
    struct dovecot_options options;
    bool draining;
    bool full; // and said so
    unsigned connections;
    unsigned live; // requests of all connections
    uint32_t next_cuid;
    TAILQ_HEAD(, connection) list;
    char line[DOVECOT_LINE_MAX]; // the line being handled; wiped afterwards
};

struct connection {
    struct dovecot_front *front;
    struct stream stream;
    enum { AWAIT_VERSION, AWAIT_CPID, READY, CLOSING } state;
    bool half_closed; // the client has stopped sending and still reads
    uint64_t number;  // of all connections of the process
    uint32_t minor;
    unsigned live;
    char peer[sizeof(((struct peer *)0)->text)];
    TAILQ_HEAD(, request) requests;
    TAILQ_ENTRY(connection) link; // dovecot_front::list
};

struct request {
    struct connection *connection;
    uint32_t id; // busy until its last line is written
    struct dialogue *dialogue;
    TAILQ_ENTRY(request) link; // connection::requests
};

/* Runs one command of the client. It may close the connection. */
void dovecot_command_run(struct connection *connection, struct dovecot_command *command);

/* Forgets a request; its dialogue has ended or been cancelled. */
void dovecot_request_free(struct request *request);

/* Cancels what is under way, sends what is queued, and closes. */
void dovecot_connection_close(struct connection *connection);
/* The same for a client that broke the protocol; logs why. */
void dovecot_connection_broken(struct connection *connection, const char *why);
/* A finished request may have been the last one that a drain, or a client that will ask nothing
 * more, waited for. */
void dovecot_connection_settle(struct connection *connection);

#endif
