/* One listener of the configuration with the front that serves it, whatever its protocol. */
#ifndef ENDPOINT_H
#define ENDPOINT_H

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
    struct http_listener http; // protocol http: its side of the server that all of them share
};

/* Binds the socket; accepts nothing. May need root. */
bool endpoint_bind(struct endpoint *endpoint, const struct config_listener *config,
                   struct err *err);
/* Makes the front and accepts. */
bool endpoint_start(struct endpoint *endpoint, struct loop *loop, struct core *core,
                    struct http_server *http, struct err *err);
/* Reads again what it read from files beside the configuration: the certificate. */
void endpoint_reload(struct endpoint *endpoint);
/* What a start would find wrong with those files. */
bool endpoint_check(const struct config_listener *config, struct err *err);
/* Accepts no more, starts nothing new, lets the rest be answered. */
void endpoint_drain(struct endpoint *endpoint);
bool endpoint_idle(const struct endpoint *endpoint);
void endpoint_finish(struct endpoint *endpoint);

#endif
