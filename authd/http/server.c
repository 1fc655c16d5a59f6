/* libmicrohttpd in external epoll mode: its epoll descriptor is one event of the loop, its next
 * timeout one timer.
 *
 * Two facts of 0.9.75 shape this file: after MHD_add_connection() and MHD_resume_connection()
 * nothing becomes readable, so a 0 ms timer makes MHD_run() happen (never from inside one of its
 * callbacks); and the peer of a connection can only be handed over through the notification, by
 * descriptor.
 *
 * TLS has a libmicrohttpd of its own, because one libmicrohttpd speaks TLS on all of its
 * connections or on none. A handshake shows the certificate that the connection's listener had when
 * the client connected.
 *
 * Threats: a client that keeps others out. Connections and header memory are bounded, and half of
 * the connections are for administrators by peer. A silent client costs one connection for 30 s. A
 * request must be here whole, headers and body, 10 s after its first octets, however slowly they
 * come; over TLS the first one 10 s after the connection, handshake included. Bodies are bounded in
 * http/exchange. */
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
#include "http/exchange.h"
#include "http/tls.h"
#include "loop/loop.h"

#define CONNECTION_TIMEOUT 30 /* seconds of silence */
#define REQUEST_TIMEOUT    10 /* seconds */
#define LAST_RUNS          16

struct connection {
    struct http_client client;
    struct http_server *server;
    int fd;
    struct tls_pair *pair;        /* the certificate that the handshake shows; NULL: clear text */
    struct event arrival;         /* octets of the next request; set between requests */
    struct event late;            /* the end of a request's time; set while a request comes */
    TAILQ_ENTRY(connection) link; // http_server::arriving, then http_server::open
};

TAILQ_HEAD(connection_list, connection);

/* One libmicrohttpd on the loop. */
struct pump {
    struct MHD_Daemon *daemon; /* NULL: no listener needs this one */
    struct event readable;
    struct event timer;
};

struct http_server {
    struct http_exchanges exchanges;
    struct loop *loop;
    struct pump clear;
    struct pump tls;
    unsigned connections;            /* of each pump at most */
    unsigned guests_max;             /* more guests are closed at once */
    unsigned guests;                 /* connections that are not an administrator's */
    struct connection_list arriving; /* given to libmicrohttpd, which has not reported them yet */
    struct connection_list open;
};

/* ---- the loop ------------------------------------------------------------------------------ */

static void timer_set(struct pump *pump, unsigned long long ms)
{
    struct timeval timeout = {
        .tv_sec = (time_t)(ms / 1000),
        .tv_usec = (suseconds_t)(ms % 1000 * 1000),
    };

    if (pump->daemon != NULL) {
        evtimer_add(&pump->timer, &timeout);
    }
}

static void server_run_soon(struct http_server *server)
{
    timer_set(&server->clear, 0);
    timer_set(&server->tls, 0);
}

static void server_wake(struct http_exchanges *exchanges)
{
    server_run_soon(
        (struct http_server *)((char *)exchanges - offsetof(struct http_server, exchanges)));
}

static void pump_run(int fd, short events, void *arg)
{
    struct pump *pump = arg;
    MHD_UNSIGNED_LONG_LONG timeout;

    (void)fd;
    (void)events;
    MHD_run(pump->daemon);
    if (MHD_get_timeout(pump->daemon, &timeout) == MHD_YES) {
        timer_set(pump, timeout);
    } else {
        evtimer_del(&pump->timer);
    }
}

/* ---- connections --------------------------------------------------------------------------- */

static void request_begin(struct connection *connection)
{
    const struct timeval timeout = {.tv_sec = REQUEST_TIMEOUT};

    event_del(&connection->arrival);
    if (!evtimer_pending(&connection->late, NULL)) {
        evtimer_add(&connection->late, &timeout);
    }
}

/* libmicrohttpd shows a request when its first line is whole. The first octets of the request are
 * seen here, or the octets that drip in after those that libmicrohttpd has read by itself. */
static void on_arrival(int fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    request_begin(arg);
}

static void on_late(int fd, short events, void *arg)
{
    struct connection *connection = arg;

    (void)events;
    connection->client.slow = true;
    shutdown(fd, SHUT_RDWR); /* libmicrohttpd closes it */
}

static struct connection *connection_create(const struct http_listener *listener, int fd,
                                            const struct peer *peer)
{
    struct http_server *server = listener->server;
    struct connection *connection = mem_new(struct connection);

    connection->client.peer = *peer;
    connection->client.admin_by_peer = listener->admin_by_peer;
    connection->client.listener = listener;
    connection->server = server;
    connection->fd = fd;
    event_assign(&connection->arrival, loop_base(server->loop), fd, EV_READ, on_arrival,
                 connection);
    event_assign(&connection->late, loop_base(server->loop), fd, 0, on_late, connection);
    if (listener->tls != NULL) {
        connection->pair = tls_pair_take(listener->tls);
    }
    server->guests += !client_is_admin(&connection->client);
    return connection;
}

static void connection_destroy(struct connection *connection)
{
    if (connection == NULL) {
        return;
    }
    event_del(&connection->arrival);
    event_del(&connection->late);
    tls_pair_release(connection->pair);
    connection->server->guests -= !client_is_admin(&connection->client);
    free(connection);
}

/* ---- libmicrohttpd's callbacks ------------------------------------------------------------- */

static struct connection *arriving_take(struct http_server *server, int fd)
{
    struct connection *connection;

    TAILQ_FOREACH (connection, &server->arriving, link) {
        if (connection->fd == fd) {
            TAILQ_REMOVE(&server->arriving, connection, link);
            return connection;
        }
    }
    return NULL;
}

/* The handshake comes next, within the time of the first request. */
static void connection_start_tls(struct connection *connection, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    tls_session_bind(info->tls_session, connection->pair);
    request_begin(connection);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = arg;
    struct connection *connection;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

        connection = arriving_take(server, info->connect_fd);
        if (connection == NULL) {
            abort(); /* a socket that http_accept() did not add */
        }
        TAILQ_INSERT_TAIL(&server->open, connection, link);
        if (connection->pair != NULL) {
            connection_start_tls(connection, mhd);
        } else {
            event_add(&connection->arrival, NULL);
        }
        *context = connection; /* begins with its struct http_client */
        return;
    }
    connection = *context;
    TAILQ_REMOVE(&server->open, connection, link);
    connection_destroy(connection);
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info->socket_context;
}

static void *on_target(void *arg, const char *target, struct MHD_Connection *mhd)
{
    struct http_server *server = arg;

    request_begin(connection_of(mhd));
    return http_exchange_create(&server->exchanges, mhd, target);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    (void)arg;
    (void)url;

    const struct request_line line = {.method = method, .version = version};
    struct connection *connection = connection_of(mhd);
    enum MHD_Result result = http_exchange_step(*context, &line, data, size);

    if (connection->client.received) {
        evtimer_del(&connection->late);
    }
    return result;
}

/* Shows libmicrohttpd an end of file, on which it closes the connection. A busy connection is left
 * alone, because libmicrohttpd would drop the request that waits for its response. */
static void connection_end(const struct connection *connection)
{
    if (!connection->client.busy) {
        shutdown(connection->fd, SHUT_RD);
    }
}

static void on_complete(void *arg, struct MHD_Connection *mhd, void **context,
                        enum MHD_RequestTerminationCode why)
{
    const struct http_server *server = arg;
    struct connection *connection = connection_of(mhd);

    http_exchange_complete(*context, why);
    *context = NULL;
    evtimer_del(&connection->late);
    event_add(&connection->arrival, NULL);
    if (server->exchanges.draining) {
        connection_end(connection);
    }
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

/* `tls` ends the options: MHD_OPTION_END for clear text. */
static void pump_start(struct http_server *server, struct pump *pump, unsigned flags,
                       const struct MHD_OptionItem *tls)
{
    const struct MHD_OptionItem settings[] = {
        {MHD_OPTION_CONNECTION_LIMIT, server->connections, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_EXCHANGE_HEADERS_MAX, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, server},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_complete, server},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_target, server},
        {MHD_OPTION_END, 0, NULL},
    };

    pump->daemon = MHD_start_daemon(
        flags | MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        on_request, server, MHD_OPTION_ARRAY, settings, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (pump->daemon == NULL) {
        abort(); /* no memory, or no descriptor for epoll */
    }

    const union MHD_DaemonInfo *info = MHD_get_daemon_info(pump->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    event_assign(&pump->readable, loop_base(server->loop), info->epoll_fd, EV_READ | EV_PERSIST,
                 pump_run, pump);
    event_add(&pump->readable, NULL);
    evtimer_assign(&pump->timer, loop_base(server->loop), pump_run, pump);
}

struct http_server *http_create(struct loop *loop, struct core *core,
                                const struct http_options *options)
{
    struct http_server *server = mem_new(struct http_server);
    const struct MHD_OptionItem clear[] = {{MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_retrieve},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities},
        {MHD_OPTION_END, 0, NULL},
    };

    server->loop = loop;
    server->connections = options->connections;
    server->guests_max = options->connections / 2;
    json_set_alloc_funcs(json_memory, json_memory_free);
    server->exchanges.core = core;
    server->exchanges.routes = http_routes;
    server->exchanges.wake = server_wake;
    TAILQ_INIT(&server->exchanges.suspended);
    TAILQ_INIT(&server->arriving);
    TAILQ_INIT(&server->open);
    pump_start(server, &server->clear, 0, clear);
    if (options->tls) {
        pump_start(server, &server->tls, MHD_USE_TLS, tls);
    }
    return server;
}

void http_accept(void *arg, int fd, const struct peer *peer)
{
    const struct http_listener *listener = arg;
    struct http_server *server = listener->server;
    struct pump *pump = listener->tls != NULL ? &server->tls : &server->clear;
    /* libmicrohttpd wants an address, but does not get the client's. */
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    /* A connection of that descriptor that libmicrohttpd closed before it reported the connection.
     */
    connection_destroy(arriving_take(server, fd));

    struct connection *connection = connection_create(listener, fd, peer);

    if (server->guests > server->guests_max) {
        connection_destroy(connection);
        close(fd);
        return;
    }
    TAILQ_INSERT_TAIL(&server->arriving, connection, link);
    if (MHD_add_connection(pump->daemon, fd, (struct sockaddr *)&address, sizeof(address)) !=
        MHD_YES) { /* closes `fd` */
        connection_destroy(arriving_take(server, fd));
        return;
    }
    timer_set(pump, 0);
}

bool http_drain(struct http_server *server)
{
    struct connection *connection;

    if (!server->exchanges.draining) {
        server->exchanges.draining = true;
        TAILQ_FOREACH (connection, &server->open, link) {
            connection_end(connection);
        }
        server_run_soon(server);
    }
    return TAILQ_EMPTY(&server->open) && TAILQ_EMPTY(&server->arriving);
}

static void pump_stop(struct pump *pump)
{
    if (pump->daemon == NULL) {
        return;
    }
    MHD_stop_daemon(pump->daemon);
    event_del(&pump->readable);
    event_del(&pump->timer);
}

void http_destroy(struct http_server *server)
{
    struct http_exchange *exchange;

    if (server == NULL) {
        return;
    }
    while ((exchange = TAILQ_FIRST(&server->exchanges.suspended)) != NULL) {
        http_exchange_stop(exchange);
    }
    /* Writes those refusals: a connection moves one state a run. A client that does not read is not
     * waited for. */
    for (int i = 0; i < LAST_RUNS && server->exchanges.count > 0; i++) {
        MHD_run(server->clear.daemon);
        if (server->tls.daemon != NULL) {
            MHD_run(server->tls.daemon);
        }
    }
    pump_stop(&server->clear);
    pump_stop(&server->tls);

    struct connection *connection;

    while ((connection = TAILQ_FIRST(&server->arriving)) != NULL) {
        TAILQ_REMOVE(&server->arriving, connection, link);
        connection_destroy(connection);
    }
    free(server);
}
