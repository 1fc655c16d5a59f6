#include "front/dovecot.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "core/plugin_registry.h"
#include "front/dovecot_private.h"
#include "front/dovecot_reply.h"
#include "login/sasl.h"

#define CONNECTIONS_MAX 8192
#define OUTPUT_HIGH     (50 * 1024)

static void connection_drop_requests(struct connection *connection, enum reason reason)
{
    struct request *request;

    while ((request = TAILQ_FIRST(&connection->requests)) != NULL) {
        sasl_exchange_cancel(request->exchange, reason);
        dovecot_request_free(request);
    }
}

/* Drops the requests that wait for the client's next line. */
static void connection_drop_awaiting(struct connection *connection)
{
    struct request *request = TAILQ_FIRST(&connection->requests);
    struct request *next;

    for (; request != NULL; request = next) {
        next = TAILQ_NEXT(request, link);
        if (sasl_exchange_awaits(request->exchange)) {
            sasl_exchange_cancel(request->exchange, REASON_CLIENT_GONE);
            dovecot_request_free(request);
        }
    }
}

void dovecot_connection_close(struct connection *connection)
{
    if (connection->state == CLOSING) {
        return;
    }
    connection->state = CLOSING;
    connection_drop_requests(connection, REASON_CONNECTION_CLOSED);
    stream_close(&connection->stream);
}

static void connection_free(struct connection *connection, enum reason reason)
{
    struct dovecot_front *front = connection->front;

    connection_drop_requests(connection, reason);
    stream_finish(&connection->stream);
    TAILQ_REMOVE(&front->list, connection, link);
    front->connections--;
    free(connection);
}

void dovecot_connection_broken(struct connection *connection, const char *why)
{
    log_message(LOG_WARNING, "protocol-error", "dovecot client %s: %s; connection closed",
                connection->peer, why);
    dovecot_connection_close(connection);
}

void dovecot_connection_close_if_idle(struct connection *connection)
{
    if ((connection->front->draining || connection->half_closed) && connection->live == 0) {
        dovecot_connection_close(connection);
    }
}

/* ---- the stream's side ---- */

static struct connection *connection_of(struct stream *stream)
{
    return (struct connection *)((char *)stream - offsetof(struct connection, stream));
}

static size_t connection_input(struct stream *stream, struct span input)
{
    struct connection *connection = connection_of(stream);
    char *line = connection->front->line;
    const char *end = memchr(input.ptr, '\n', input.len);
    size_t length = end != NULL ? (size_t)(end - input.ptr) : input.len;
    struct dovecot_command command;

    if (length > DOVECOT_LINE_MAX) {
        dovecot_connection_broken(connection, "line of more than 16383 octets");
        return input.len;
    }
    if (end == NULL) {
        return 0;
    }
    memcpy(line, input.ptr, length);
    dovecot_command_parse(line, length, &command);
    dovecot_command_run(connection, &command);
    secret_wipe(line, length);
    return length + 1;
}

/* A client that has sent its requests and shut down its sending side still gets its answers. */
static void connection_gone(struct stream *stream)
{
    struct connection *connection = connection_of(stream);

    connection_drop_awaiting(connection);
    if (connection->live > 0 && stream_answerable(stream)) {
        connection->half_closed = true;
    } else {
        connection_free(connection, REASON_CLIENT_GONE);
    }
}

static void connection_closed(struct stream *stream)
{
    connection_free(connection_of(stream), REASON_CLIENT_GONE);
}

static const struct stream_ops connection_ops = {
    .input = connection_input,
    .gone = connection_gone,
    .closed = connection_closed,
};

/* Logs a full front once, until there is room again. */
static void front_full(struct dovecot_front *front)
{
    if (!front->draining && !front->full) {
        log_message(LOG_ERROR, "too-many-connections",
                    "a dovecot listener has %u connections and takes no more", front->connections);
        front->full = true;
    }
}

void dovecot_accept(void *arg, int fd, const struct peer *peer)
{
    static const struct stream_limits limits = {
        .input_max = DOVECOT_LINE_MAX + 1,
        .output_high = OUTPUT_HIGH,
    };
    struct dovecot_front *front = arg;
    struct connection *connection;
    struct buf handshake;

    if (front->draining || front->connections >= CONNECTIONS_MAX) {
        front_full(front);
        close(fd);
        return;
    }
    front->full = false;
    connection = mem_new(struct connection);
    connection->front = front;
    memcpy(connection->peer, peer->text, sizeof(connection->peer));
    TAILQ_INIT(&connection->requests);
    TAILQ_INSERT_TAIL(&front->list, connection, link);
    front->connections++;
    stream_init(&connection->stream, front->loop, fd, &connection_ops, &limits);
    buf_init(&handshake, DOVECOT_HANDSHAKE_MAX);
    connection->number = peer->number;
    dovecot_handshake_append(&handshake, plugin_registry_mechanisms(front->core->registry),
                             ++front->next_cuid);
    stream_write(&connection->stream, buf_span(&handshake));
    buf_finish(&handshake);
}

/* ---- the front ---- */

struct dovecot_front *dovecot_create(struct loop *loop, struct core *core,
                                     const struct dovecot_options *options, struct err *err)
{
    struct dovecot_front *front;
    struct buf longest;
    bool fits;

    buf_init(&longest, DOVECOT_HANDSHAKE_MAX);
    dovecot_handshake_append(&longest, plugin_registry_mechanisms(core->registry), UINT32_MAX);
    fits = !longest.overflow && plugin_registry_mechanisms(core->registry)[0] != NULL;
    buf_finish(&longest);
    if (!fits) {
        err_set(err, "plugins: a dovecot listener needs at least one mechanism, and not more than "
                     "its handshake of 1,023 octets can announce");
        return NULL;
    }
    front = mem_new(struct dovecot_front);
    front->loop = loop;
    front->core = core;
    front->options = *options;
    TAILQ_INIT(&front->list);
    return front;
}

void dovecot_drain(void *arg)
{
    struct dovecot_front *front = arg;
    struct connection *connection;

    front->draining = true;
    TAILQ_FOREACH (connection, &front->list, link) {
        /* A connection closes later, from the loop: the list does not change here. */
        dovecot_connection_close_if_idle(connection);
    }
}

unsigned dovecot_live(const void *arg)
{
    const struct dovecot_front *front = arg;

    return front->live;
}

void dovecot_destroy(void *arg)
{
    struct dovecot_front *front = arg;
    struct connection *connection;

    if (front == NULL) {
        return;
    }
    while ((connection = TAILQ_FIRST(&front->list)) != NULL) {
        connection_free(connection, REASON_STOPPING);
    }
    free(front);
}
