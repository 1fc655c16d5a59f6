/* libmicrohttpd in external epoll mode: its epoll descriptor is one event of the loop, its next
 * timeout one timer. It sees no client's socket, but the other end of a relay's pair: http/relay.
 *
 * Two facts of 0.9.75 shape this file: after MHD_add_connection() and MHD_resume_connection()
 * nothing becomes readable, so a 0 ms timer makes MHD_run() happen (never from inside one of its
 * callbacks); and the relay of a connection can only be handed over through the notification, by
 * descriptor.
 *
 * Threats: a client that keeps others out, see http/connection_limit and http/relay. Header memory
 * is bounded; bodies are bounded in http/exchange. */
#include "http/server.h"

#include <event2/event.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "http/connection_limit.h"
#include "http/exchange.h"
#include "loop/loop.h"

/* A head of FRAMING_HEAD_MAX, what libmicrohttpd notes of each header, and the answer's headers. */
#define CONNECTION_MEMORY (3 * FRAMING_HEAD_MAX)
#define LAST_RUNS         16

struct http_server {
    struct http_exchanges exchanges;
    struct relays relays;
    struct connection_limit limit;
    struct MHD_Daemon *daemon;
    struct event readable;
    struct event timer;
    struct relay_list arriving; /* given to libmicrohttpd, which has not reported them yet */
};

/* ---- the loop ------------------------------------------------------------------------------ */

static void timer_set(struct http_server *server, unsigned long long ms)
{
    struct timeval timeout = {
        .tv_sec = (time_t)(ms / 1000),
        .tv_usec = (suseconds_t)(ms % 1000 * 1000),
    };

    evtimer_add(&server->timer, &timeout);
}

static void server_wake(struct http_exchanges *exchanges)
{
    timer_set((struct http_server *)((char *)exchanges - offsetof(struct http_server, exchanges)),
              0);
}

static void server_run(int fd, short events, void *arg)
{
    struct http_server *server = arg;
    MHD_UNSIGNED_LONG_LONG timeout;

    (void)fd;
    (void)events;
    MHD_run(server->daemon);
    if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES) {
        timer_set(server, timeout);
    } else {
        evtimer_del(&server->timer);
    }
}

/* ---- relays -------------------------------------------------------------------------------- */

static struct relay *arriving_take(struct http_server *server, int fd)
{
    struct relay *relay;

    TAILQ_FOREACH (relay, &server->arriving, arriving) {
        if (relay->far == fd) {
            TAILQ_REMOVE(&server->arriving, relay, arriving);
            return relay;
        }
    }
    return NULL;
}

/* A relay that arrived with this descriptor, and whose end libmicrohttpd closed before it reported
 * the connection. */
static void arriving_release(struct http_server *server, int fd)
{
    struct relay *relay = arriving_take(server, fd);

    if (relay != NULL) {
        relay_release(relay);
    }
}

static bool server_connect(struct relays *relays, struct relay *relay, int fd)
{
    struct http_server *server =
        (struct http_server *)((char *)relays - offsetof(struct http_server, relays));
    /* libmicrohttpd wants an address, but does not get the client's. */
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    arriving_release(server, fd);
    relay->far = fd;
    relay->held = true;
    TAILQ_INSERT_TAIL(&server->arriving, relay, arriving);
    if (MHD_add_connection(server->daemon, fd, (struct sockaddr *)&address, sizeof(address)) !=
        MHD_YES) { /* closes `fd` */
        arriving_take(server, fd);
        relay->held = false;
        return false;
    }
    timer_set(server, 0);
    return true;
}

/* ---- libmicrohttpd's callbacks ------------------------------------------------------------- */

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct relay *relay;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        relay_release(*context);
        return;
    }
    relay = arriving_take(
        arg, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
    if (relay == NULL) {
        abort(); /* a socket that server_connect() did not add */
    }
    *context = relay; /* begins with its struct http_client */
}

static struct relay *relay_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void *on_target(void *arg, const char *target, struct MHD_Connection *mhd)
{
    struct http_server *server = arg;

    return http_exchange_create(&server->exchanges, mhd, target);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    (void)arg;
    (void)mhd;
    (void)url;
    (void)version;
    return http_exchange_step(*context, method, data, size);
}

static void on_complete(void *arg, struct MHD_Connection *mhd, void **context,
                        enum MHD_RequestTerminationCode why)
{
    (void)arg;
    http_exchange_complete(*context, why);
    *context = NULL;
    relay_completed(relay_of(mhd));
}

/* ---- JSON memory --------------------------------------------------------------------------- */

static void *json_memory(size_t size)
{
    return mem_calloc(1, size);
}

/* Any JSON text that is parsed here may be a password. */
static void json_memory_free(void *ptr)
{
    secret_wipe(ptr, ptr != NULL ? malloc_usable_size(ptr) : 0);
    free(ptr);
}

/* ---- the server ---------------------------------------------------------------------------- */

static void server_start(struct http_server *server)
{
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        on_request, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
        on_complete, server, MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_END);
    if (server->daemon == NULL) {
        abort(); /* no memory, or no descriptor for epoll */
    }

    struct event_base *base = loop_base(server->relays.core->loop);
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    event_assign(&server->readable, base, info->epoll_fd, EV_READ | EV_PERSIST, server_run, server);
    event_add(&server->readable, NULL);
    evtimer_assign(&server->timer, base, server_run, server);
}

struct http_server *http_create(struct core *core, const struct http_options *options)
{
    struct http_server *server = mem_new(struct http_server);

    json_set_alloc_funcs(json_memory, json_memory_free);
    server->exchanges.core = core;
    server->exchanges.routes = http_routes;
    server->exchanges.wake = server_wake;
    TAILQ_INIT(&server->exchanges.suspended);
    server->relays.core = core;
    server->relays.connect = server_connect;
    TAILQ_INIT(&server->relays.open);
    TAILQ_INIT(&server->arriving);
    connection_limit_init(&server->limit, &server->relays, options->connections);
    server_start(server);
    return server;
}

void http_accept(void *arg, int fd, const struct peer *peer)
{
    const struct http_listener *listener = arg;
    struct http_server *server = listener->server;
    const struct http_client client = {
        .peer = *peer,
        .listener = listener,
        .admin_by_peer = listener->admin_by_peer,
    };
    const struct network network = client_network(&client);

    if (!connection_limit_admit(&server->limit, &client, &network)) {
        close(fd);
        return;
    }
    relay_create(&server->relays, &client, &network, fd);
}

/* Each relay may go meanwhile. */
static void each_relay(struct relays *relays, void (*call)(struct relay *relay))
{
    struct relay *relay, *next;

    for (relay = TAILQ_FIRST(&relays->open); relay != NULL; relay = next) {
        next = TAILQ_NEXT(relay, link);
        call(relay);
    }
}

bool http_drain(struct http_server *server)
{
    if (!server->exchanges.draining) {
        server->exchanges.draining = true;
        server->relays.draining = true;
        each_relay(&server->relays, relay_drain);
    }
    return TAILQ_EMPTY(&server->relays.open);
}

/* Writes the refusals of requests that waited: a connection moves one state a run. A client that
 * does not read is not waited for. */
static void write_last_answers(struct http_server *server)
{
    for (int i = 0; i < LAST_RUNS && server->exchanges.count > 0; i++) {
        MHD_run(server->daemon);
        each_relay(&server->relays, relay_run);
    }
}

void http_destroy(struct http_server *server)
{
    struct http_exchange *exchange;
    struct relay *relay;

    if (server == NULL) {
        return;
    }
    while ((exchange = TAILQ_FIRST(&server->exchanges.suspended)) != NULL) {
        http_exchange_stop(exchange);
    }
    write_last_answers(server);
    each_relay(&server->relays, relay_close);
    MHD_stop_daemon(server->daemon);
    event_del(&server->readable);
    event_del(&server->timer);
    while ((relay = TAILQ_FIRST(&server->arriving)) != NULL) {
        arriving_release(server, relay->far);
    }
    connection_limit_finish(&server->limit);
    free(server);
}
