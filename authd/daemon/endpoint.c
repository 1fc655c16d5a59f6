#include "daemon/endpoint.h"

#include "core/core.h"
#include "front/dovecot.h"
#include "front/saslauthd.h"
#include "http/tls.h"
#include "loop/listen.h"

struct endpoint_ops {
    bool (*create)(struct endpoint *endpoint, struct loop *loop, struct core *core,
                   struct err *err);
    listen_accept_f *accept;
    void (*drain)(void *front);
    unsigned (*live)(const void *front);
    void (*destroy)(void *front);
};

static bool create_dovecot(struct endpoint *endpoint, struct loop *loop, struct core *core,
                           struct err *err)
{
    const struct dovecot_options options = {
        .tagged = endpoint->config->tagged,
        .tempfail_reply = endpoint->config->tempfail_reply,
    };

    endpoint->front = dovecot_create(loop, core, &options, err);
    return endpoint->front != NULL;
}

static bool create_saslauthd(struct endpoint *endpoint, struct loop *loop, struct core *core,
                             struct err *err)
{
    (void)err;
    endpoint->front = saslauthd_create(loop, core);
    return true;
}

/* Makes only the listener's part: all http listeners share the server, which belongs to the
 * daemon's services. */
static bool create_http(struct endpoint *endpoint, struct loop *loop, struct core *core,
                        struct err *err)
{
    const struct config_listener *config = endpoint->config;

    (void)core;
    endpoint->front = &endpoint->http;
    if (config->certificate == NULL) {
        return true;
    }
    endpoint->http.tls = tls_files_create(config->certificate, config->key, err);
    if (endpoint->http.tls == NULL) {
        return false;
    }
    tls_files_watch(endpoint->http.tls, loop);
    return true;
}

static const char *const protocol_words[] = {
    [CONFIG_DOVECOT] = "dovecot", [CONFIG_SASLAUTHD] = "saslauthd", [CONFIG_HTTP] = "http"};

static const struct endpoint_ops endpoint_ops[] = {
    [CONFIG_DOVECOT] = {create_dovecot, dovecot_accept, dovecot_drain, dovecot_live,
                        dovecot_destroy},
    [CONFIG_SASLAUTHD] = {create_saslauthd, saslauthd_accept, saslauthd_drain, saslauthd_live,
                          saslauthd_destroy},
    [CONFIG_HTTP] = {.create = create_http, .accept = http_accept},
};

static void on_short_of_descriptors(const char *name, unsigned count)
{
    log_message(LOG_WARNING, "short-of-descriptors",
                "%s: %u connections were closed at once; allow authd more open files "
                "(LimitNOFILE=)",
                name, count);
}

bool endpoint_bind(struct endpoint *endpoint, const struct config_listener *config, struct err *err)
{
    const struct listen_options options = {
        .path = config->path,
        .address = config->address,
        .owner = config->owner,
        .group = config->group,
        .mode = config->mode,
        .peers = config->peers,
        .peer_count = config->peer_count,
        .insecure_network = config->insecure_network || config->certificate != NULL,
        .reserve = config->admin_by_peer,
        .on_descriptor_shortage = on_short_of_descriptors,
    };

    endpoint->config = config;
    endpoint->ops = &endpoint_ops[config->protocol];
    endpoint->listener = listen_create(&options, err);
    return endpoint->listener != NULL;
}

bool endpoint_start(struct endpoint *endpoint, struct loop *loop, struct core *core,
                    struct http_server *http, struct err *err)
{
    endpoint->http = (struct http_listener){
        .server = http,
        .admin_by_peer = endpoint->config->admin_by_peer,
        .name = endpoint->config->address,
        .trusted_proxies = endpoint->config->trusted_proxies,
        .trusted_proxy_count = endpoint->config->trusted_proxy_count,
    };
    if (!endpoint->ops->create(endpoint, loop, core, err)) {
        return false;
    }
    log_message(LOG_INFO, "listening", "%s on %s", protocol_words[endpoint->config->protocol],
                listen_name(endpoint->listener));
    listen_start(endpoint->listener, loop, endpoint->ops->accept, endpoint->front);
    return true;
}

void endpoint_reload(struct endpoint *endpoint)
{
    if (endpoint->http.tls != NULL) {
        tls_files_reload(endpoint->http.tls);
    }
}

bool endpoint_check(const struct config_listener *config, struct err *err)
{
    if (config->certificate == NULL) {
        return true;
    }
    struct tls_files *files = tls_files_create(config->certificate, config->key, err);

    tls_files_destroy(files);
    return files != NULL;
}

void endpoint_drain(struct endpoint *endpoint)
{
    listen_destroy(endpoint->listener);
    endpoint->listener = NULL;
    if (endpoint->ops->drain != NULL) {
        endpoint->ops->drain(endpoint->front);
    }
}

bool endpoint_idle(const struct endpoint *endpoint)
{
    return endpoint->ops->live == NULL || endpoint->ops->live(endpoint->front) == 0;
}

void endpoint_finish(struct endpoint *endpoint)
{
    if (endpoint->listener != NULL) {
        listen_destroy(endpoint->listener);
    }
    if (endpoint->front != NULL && endpoint->ops->destroy != NULL) {
        endpoint->ops->destroy(endpoint->front);
    }
    tls_files_destroy(endpoint->http.tls);
    endpoint->http.tls = NULL;
}
