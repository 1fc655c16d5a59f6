/* A listener of the configuration, and the front that serves it; the same for all protocols. */
#ifndef DAEMON_ENDPOINT_H
#define DAEMON_ENDPOINT_H

#include "base/err.h"
#include "config/config.h"
#include "http/server.h"

struct core;
struct endpoint_ops;
struct listener;
struct loop;

struct endpoint {
    const struct config_listener *config;
    const struct endpoint_ops *ops;
    struct listener *listener;
    void *front;
    struct http_listener http; // protocol http: this listener's part of the shared server
};

/* Binds the socket; accepts nothing. May need root. */
bool endpoint_bind(struct endpoint *endpoint, const struct config_listener *config,
                   struct err *err);
/* Makes the front and begins to accept connections. */
bool endpoint_start(struct endpoint *endpoint, struct loop *loop, struct core *core,
                    struct http_server *http, struct err *err);
/* Reads the certificate again, if the listener has one. */
void endpoint_reload(struct endpoint *endpoint);
/* Checks the listener's certificate without binding the socket. */
bool endpoint_check(const struct config_listener *config, struct err *err);
/* Closes the socket and starts no new requests; requests under way are still answered. */
void endpoint_drain(struct endpoint *endpoint);
/* Whether the front has no request under way. Always true with http, whose server all listeners
 * share: http_drain() tells that. */
bool endpoint_idle(const struct endpoint *endpoint);
void endpoint_finish(struct endpoint *endpoint);

#endif
