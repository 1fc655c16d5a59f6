/* HTTP on the event loop: libmicrohttpd, fed with the sockets that loop/listen accepts. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/client.h"

struct core;

struct http_options {
    unsigned connections; /* at most, see http/connection_limit */
};

struct http_server *http_create(struct core *core, const struct http_options *options);
/* A listen_accept_f; `arg` is a struct http_listener. */
void http_accept(void *arg, int fd, const struct peer *peer);
/* The first call ends idle connections at once, and each other connection with the answer that its
 * client waits for. Listeners were closed before. True: no connection is left; else ask again. */
bool http_drain(struct http_server *server);
/* Refuses the requests that still wait, and closes all connections. */
void http_destroy(struct http_server *server);

#endif
