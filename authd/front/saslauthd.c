#include "front/saslauthd.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/core.h"
#include "front/saslauthd_message.h"
#include "login/login.h"
#include "loop/stream.h"

#define CONNECTIONS_MAX 4096
#define OUTPUT_HIGH     1024
#define ANSWER_MAX      64

/* A client must have sent its whole request within this time, or its connection is closed. */
static const struct timeval READ_TIME = {.tv_sec = 8};

struct saslauthd_front {
    struct loop *loop;
    struct core *core;
    bool draining;
    unsigned connections;
    unsigned live;
    TAILQ_HEAD(, connection) list;
};

struct connection {
    struct saslauthd_front *front;
    struct stream stream;
    enum { READING, DECIDING, CLOSING } state;
    struct login *login;     // while DECIDING
    struct event read_timer; // while READING
    uint64_t number;         // unique among the connections of the process
    char peer[sizeof(((struct peer *)0)->text)];
    TAILQ_ENTRY(connection) link; // saslauthd_front::list
};

static struct connection *connection_of(struct stream *stream)
{
    return (struct connection *)((char *)stream - offsetof(struct connection, stream));
}

static void connection_free(struct connection *connection, enum reason reason)
{
    struct saslauthd_front *front = connection->front;
    if (connection->state == DECIDING) {
        login_cancel(connection->login, reason);
        front->live--;
    }
    event_del(&connection->read_timer);
    stream_finish(&connection->stream);
    TAILQ_REMOVE(&front->list, connection, link);
    front->connections--;
    free(connection);
}

static void connection_decided(const struct login_result *result, void *arg)
{
    struct connection *connection = arg;
    connection->state = CLOSING;
    connection->front->live--;
    if (result->outcome != OUTCOME_TEMPFAIL) {
        struct buf answer;
        buf_init(&answer, ANSWER_MAX);
        saslauthd_answer_append(&answer, result->outcome == OUTCOME_ALLOW, result->reference);
        stream_write(&connection->stream, buf_span(&answer));
        buf_finish(&answer);
    }
    stream_close(&connection->stream);
}

static void connection_decide(struct connection *connection,
                              const struct saslauthd_message *request)
{
    struct core *core = connection->front->core;
    char service[64];
    char client[INET6_ADDRSTRLEN];
    struct login_context context = {
        .mechanism = "PLAIN",
        .service = span_text(request->service, service, sizeof(service)),
        .front = "saslauthd",
        .client = span_text(request->client, client, sizeof(client)),
        .peer = connection->peer,
        .fair_key = request->client.len > 0 ? span_hash(request->client) : connection->number,
    };
    event_del(&connection->read_timer);
    connection->state = DECIDING;
    connection->front->live++;
    if (request->state == SASLAUTHD_MALFORMED) {
        connection->login =
            login_refuse(core, request->why, &context, connection_decided, connection);
        return;
    }
    struct buf name;
    buf_init(&name, SASLAUTHD_LOGIN_MAX);
    saslauthd_login_append(&name, request);
    struct claim claim = {.authcid = buf_span(&name), .secret = request->password};
    connection->login = login_begin(core, &claim, &context, connection_decided, connection);
    buf_finish(&name);
}

/* Consumes all input, which wipes it, once the login has its own copy of the password. Input after
 * the request is ignored. */
static size_t connection_input(struct stream *stream, struct span input)
{
    struct connection *connection = connection_of(stream);
    if (connection->state != READING) {
        return input.len;
    }
    struct saslauthd_message request;
    saslauthd_message_parse(input, &request);
    if (request.state == SASLAUTHD_INCOMPLETE) {
        return 0;
    }
    connection_decide(connection, &request);
    return input.len;
}

/* A client that has only stopped sending still waits for its answer. */
static void connection_gone(struct stream *stream)
{
    struct connection *connection = connection_of(stream);
    if (connection->state != DECIDING || !stream_answerable(stream)) {
        connection_free(connection, REASON_CLIENT_GONE);
    }
}

static void connection_closed(struct stream *stream)
{
    connection_free(connection_of(stream), REASON_CLIENT_GONE);
}

static void connection_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    connection_free(arg, REASON_CLIENT_GONE);
}

static const struct stream_ops connection_ops = {
    .input = connection_input,
    .gone = connection_gone,
    .closed = connection_closed,
};

void saslauthd_accept(void *arg, int fd, const struct peer *peer)
{
    static const struct stream_limits limits = {
        .input_max = SASLAUTHD_MESSAGE_MAX,
        .output_high = OUTPUT_HIGH,
    };
    struct saslauthd_front *front = arg;
    if (front->draining || front->connections >= CONNECTIONS_MAX) {
        close(fd);
        return;
    }
    struct connection *connection = mem_new(struct connection);
    connection->front = front;
    connection->number = peer->number;
    memcpy(connection->peer, peer->text, sizeof(connection->peer));
    TAILQ_INSERT_TAIL(&front->list, connection, link);
    front->connections++;
    stream_init(&connection->stream, front->loop, fd, &connection_ops, &limits);
    evtimer_assign(&connection->read_timer, loop_base(front->loop), connection_late, connection);
    evtimer_add(&connection->read_timer, &READ_TIME);
}

struct saslauthd_front *saslauthd_create(struct loop *loop, struct core *core)
{
    struct saslauthd_front *front = mem_new(struct saslauthd_front);
    front->loop = loop;
    front->core = core;
    TAILQ_INIT(&front->list);
    return front;
}

void saslauthd_drain(void *arg)
{
    struct saslauthd_front *front = arg;
    struct connection *connection = TAILQ_FIRST(&front->list);
    front->draining = true;
    while (connection) {
        struct connection *next = TAILQ_NEXT(connection, link);
        if (connection->state == READING) {
            connection_free(connection, REASON_CLIENT_GONE);
        }
        connection = next;
    }
}

unsigned saslauthd_live(const void *arg)
{
    const struct saslauthd_front *front = arg;

    return front->live;
}

void saslauthd_destroy(void *arg)
{
    struct saslauthd_front *front = arg;
    if (!front) {
        return;
    }
    struct connection *connection;
    while ((connection = TAILQ_FIRST(&front->list))) {
        connection_free(connection, REASON_STOPPING);
    }
    free(front);
}
