#include "daemon.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "core/last_use.h"
#include "core/mail.h"
#include "core/registry.h"
#include "core/scope_cache.h"
#include "core/upgrade.h"
#include "endpoint.h"
#include "keyfile.h"
#include "loop/loop.h"
#include "loop/workers.h"
#include "privileges.h"
#include "process.h"
#include "store/db.h"
#include "store/embedded.h"
#include "store/lookup.h"
#include "store/migrate.h"

#define HASH_IDLE_MS      10000
#define HASH_QUEUE_LIMIT  64
#define HTTP_CONNECTIONS  500
#define READY_AT_LEAST_MS 3000 /* ready then, whatever the database says */
#define DRAIN_MS          5000
#define RESOLVER_FINISH_S 2
#define DRAIN_POLL_MS     20

struct daemon {
    const struct config *config;
    struct core core;
    struct registry *registry;
    struct key_ring keys;
    struct key_names key_names;
    struct workers *resolver;
    struct embedded *embedded;
    struct http_server *http;
    struct endpoint *endpoints;
    size_t endpoint_count;
    char *plugin_dir;

    struct event on_term;
    struct event on_int;
    struct event on_hup;
    struct event ready_timer;
    struct event drain_timer;
    bool ready;
    int64_t drain_since; // 0: not draining
    int status;
};

static volatile sig_atomic_t resolver_late_status;

static int failed(const struct err *err)
{
    log_message(LOG_ERROR, "failed", "%s", err->text);
    return 1;
}

/* ---- ready, drain ---- */

static void daemon_ready(struct daemon *daemon)
{
    if (daemon->ready) {
        return;
    }
    daemon->ready = true;
    evtimer_del(&daemon->ready_timer);
    log_message(LOG_INFO, "ready", "version %s", AUTHD_VERSION);
    process_ready();
}

static void on_ready_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    daemon_ready(arg);
}

static void on_db_up(void *arg)
{
    log_message(LOG_INFO, "database-up", "connected");
    daemon_ready(arg);
}

static void on_db_down(void *arg, const char *why)
{
    struct daemon *daemon = arg;

    if (daemon->status != 0) { // it is unusable, which was said, and authd is about to stop
        return;
    }
    log_message(LOG_ERROR, "database-down", "%s", why);
    daemon_ready(daemon);
}

/* Wrong from the start is a mistake of installation: say so and stop. Wrong later (a migration went
 * on elsewhere) counts as down, and what runs goes on. */
static void on_db_unusable(void *arg, const char *text)
{
    struct daemon *daemon = arg;

    log_message(LOG_ERROR, "database-unusable", "%s", text);
    if (!daemon->ready) {
        daemon->status = 1;
        loop_stop(daemon->core.loop);
    }
}

static void on_db_failed(void *arg, const char *text)
{
    (void)arg;
    log_message(LOG_ERROR, "database-error", "%s", text);
}

static bool daemon_idle(const struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        if (!endpoint_idle(&daemon->endpoints[i])) {
            return false;
        }
    }
    return http_idle(daemon->http);
}

static void on_drain_timer(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *daemon = arg;

    (void)fd;
    (void)what;
    if ((daemon_idle(daemon) && audits_drain(daemon->core.audits)) ||
        clock_ms() - daemon->drain_since >= DRAIN_MS) {
        loop_stop(daemon->core.loop);
    }
}

/* The first signal lets what is under way be answered, the second does not wait. */
static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct daemon *daemon = arg;
    const struct timeval poll = {.tv_usec = DRAIN_POLL_MS * 1000};

    (void)number;
    (void)what;
    if (daemon->drain_since != 0) {
        loop_stop(daemon->core.loop);
        return;
    }
    log_message(LOG_INFO, "stopping", "no new requests");
    process_stopping();
    daemon->drain_since = clock_ms();
    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        endpoint_drain(&daemon->endpoints[i]);
    }
    http_drain(daemon->http);
    event_add(&daemon->drain_timer, &poll);
}

/* What lies in files beside the configuration is read again; the configuration itself is not. */
static void on_hangup(evutil_socket_t number, short what, void *arg)
{
    struct daemon *daemon = arg;

    (void)number;
    (void)what;
    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        endpoint_reload(&daemon->endpoints[i]);
    }
}

/* ---- building ---- */

static bool daemon_bind(struct daemon *daemon, struct err *err)
{
    const struct config *config = daemon->config;

    daemon->endpoints = mem_calloc(config->listener_count, sizeof(*daemon->endpoints));
    for (size_t i = 0; i < config->listener_count; i++) {
        if (!endpoint_bind(&daemon->endpoints[i], &config->listeners[i], err)) {
            return false;
        }
        daemon->endpoint_count++;
    }
    return true;
}

static bool become_user(const struct config *config, struct err *err)
{
    if (geteuid() != 0) {
        return true;
    }
    if (config->state_dir != NULL &&
        !privileges_state_dir(config->state_dir, config->uid, config->gid, err)) {
        return false;
    }
    return privileges_drop(config->user, config->uid, config->gid, err);
}

static bool daemon_load(struct daemon *daemon, struct err *err)
{
    const struct config *config = daemon->config;
    struct password_schemes *schemes = &daemon->core.schemes;
    const struct registry_options options = {
        .directory = daemon->plugin_dir,
        .names = (const char *const *)config->plugins,
        .count = config->plugin_count,
    };

    daemon->registry = registry_create(&options, err);
    if (daemon->registry == NULL) {
        return false;
    }
    schemes->schemes = registry_schemes(daemon->registry);
    while (schemes->schemes[schemes->count] != NULL) {
        schemes->count++;
    }
    schemes->parameters = (struct authd_hash_parameters){
        .memory = config->hash_memory,
        .passes = config->hash_passes,
    };
    schemes->limit = (struct authd_cost){
        .bytes = config->max_memory,
        .work = config->max_time_ms * 1000,
    };
    if (!password_schemes_init(schemes, config->scheme, err)) {
        return false;
    }
    password_idle(schemes); // this thread hashes no more
    return true;
}

static void on_hasher_idle(void *arg)
{
    password_idle(arg);
}

static bool daemon_embedded(struct daemon *daemon, struct err *err)
{
    unsigned applied = 0;

    if (!daemon->config->embedded) {
        return true;
    }
    daemon->embedded = embedded_start(daemon->config->state_dir, err);
    if (daemon->embedded == NULL ||
        !migrate_run(embedded_owner_url(daemon->embedded), &applied, err)) {
        return false;
    }
    if (applied > 0) {
        log_message(LOG_INFO, "migrated", "%u migrations applied", applied);
    }
    return true;
}

/* With an external database other nodes may have the keys already: only --migrate makes them. */
static bool daemon_keys(struct daemon *daemon, struct err *err)
{
    const struct config *config = daemon->config;

    bool there = config->embedded
                     ? keyfile_register(config->key_dir, embedded_owner_url(daemon->embedded),
                                        &daemon->keys, err)
                     : keyfile_load(config->key_dir, &daemon->keys, err);

    keyfile_names(&daemon->keys, &daemon->key_names);
    return there;
}

static bool daemon_build(struct daemon *daemon, struct err *err)
{
    const struct config *config = daemon->config;
    struct core *core = &daemon->core;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const struct workers_options hash = {
        .name = "hash",
        .threads = config->workers != 0 ? config->workers : (unsigned)(cores > 0 ? cores : 1),
        .nice = 10,
        .queue_limit = HASH_QUEUE_LIMIT,
        .idle = on_hasher_idle,
        .idle_arg = &core->schemes,
        .idle_ms = HASH_IDLE_MS,
    };
    const struct workers_options mail = {
        .name = "mail", .threads = 1, .queue_limit = MAIL_QUEUE_LIMIT};
    const struct workers_options resolve = {.name = "resolve", .threads = 1, .queue_limit = 16};
    const struct http_options http = {.connections = HTTP_CONNECTIONS,
                                      .tls = config_has_tls(config)};

    core->loop = loop_create();
    core->hashers = workers_create(core->loop, &hash);
    core->mailers = workers_create(core->loop, &mail);
    daemon->resolver = workers_create(core->loop, &resolve);
    if (core->hashers == NULL || core->mailers == NULL || daemon->resolver == NULL) {
        return err_set(err, "workers: cannot start threads: %s", strerror(errno));
    }

    const struct db_options db = {
        .url = config->embedded ? embedded_service_url(daemon->embedded) : config->url,
        .read_connections = config->read_connections,
        .resolver = daemon->resolver,
        .keys = &daemon->key_names,
        .unusable = on_db_unusable,
        .failed = on_db_failed,
        .up = on_db_up,
        .down = on_db_down,
        .arg = daemon,
    };

    core->db = db_create(core->loop, &db);
    core->lookup = lookup_create(core->loop, core->db);
    core->upgrades = upgrades_create(core);
    core->last_uses = last_uses_create(core);
    core->scopes = scope_cache_create(core->db);
    core->registry = daemon->registry;
    core->keys = &daemon->keys;
    core->default_domain = config->default_domain;
    core->site = config_site(config);
    core->audits = audits_create(core, config_audit(config));
    daemon->http = http_create(core->loop, core, &http);
    return true;
}

static bool daemon_start(struct daemon *daemon, struct err *err)
{
    struct event_base *base = loop_base(daemon->core.loop);
    const struct timeval at_least = {.tv_sec = READY_AT_LEAST_MS / 1000};

    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        if (!endpoint_start(&daemon->endpoints[i], daemon->core.loop, &daemon->core, daemon->http,
                            err)) {
            return false;
        }
    }
    if (daemon->embedded != NULL) {
        embedded_watch(daemon->embedded, daemon->core.loop);
    }
    evsignal_assign(&daemon->on_term, base, SIGTERM, on_signal, daemon);
    evsignal_assign(&daemon->on_int, base, SIGINT, on_signal, daemon);
    evsignal_assign(&daemon->on_hup, base, SIGHUP, on_hangup, daemon);
    evtimer_assign(&daemon->ready_timer, base, on_ready_timer, daemon);
    event_assign(&daemon->drain_timer, base, -1, EV_PERSIST, on_drain_timer, daemon);
    evsignal_add(&daemon->on_term, NULL);
    evsignal_add(&daemon->on_int, NULL);
    evsignal_add(&daemon->on_hup, NULL);
    evtimer_add(&daemon->ready_timer, &at_least);
    return true;
}

static void daemon_stop_events(struct daemon *daemon)
{
    if (!evtimer_initialized(&daemon->ready_timer)) {
        return;
    }
    event_del(&daemon->on_term);
    event_del(&daemon->on_int);
    event_del(&daemon->on_hup);
    event_del(&daemon->ready_timer);
    event_del(&daemon->drain_timer);
}

static void on_resolver_late(int number)
{
    (void)number;
    _exit(resolver_late_status);
}

/* A name server that does not answer holds its thread for many seconds; by now nothing else is
 * left. */
static void resolver_finish(struct daemon *daemon)
{
    resolver_late_status = daemon->status;
    signal(SIGALRM, on_resolver_late);
    alarm(RESOLVER_FINISH_S);
    workers_destroy(daemon->resolver);
    alarm(0);
}

/* In reverse: who asks goes before who is asked. */
static void daemon_finish(struct daemon *daemon)
{
    struct core *core = &daemon->core;

    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        endpoint_finish(&daemon->endpoints[i]);
    }
    if (core->loop != NULL) {
        daemon_stop_events(daemon);
        http_destroy(daemon->http); // its connections know their listeners
        audits_destroy(core->audits);
        upgrades_destroy(core->upgrades);
        last_uses_destroy(core->last_uses);
        scope_cache_destroy(core->scopes);
        workers_destroy(core->hashers);
        workers_destroy(core->mailers);
        lookup_destroy(core->lookup);
        db_destroy(core->db);
    }
    if (daemon->embedded != NULL) {
        embedded_stop(daemon->embedded);
    }
    if (core->loop != NULL) {
        resolver_finish(daemon);
        loop_destroy(core->loop);
    }
    free(daemon->endpoints);
    registry_destroy(daemon->registry);
    keyfile_wipe(&daemon->keys);
    free(daemon->plugin_dir);
}

int daemon_run(const struct config *config)
{
    struct daemon daemon = {.config = config};
    struct err err;

    process_prepare();
    log_configure(config->log_level, config->log_format);
    daemon.plugin_dir = process_plugin_dir(config->plugin_dir);
    if (!daemon_bind(&daemon, &err) || !become_user(config, &err)) {
        daemon.status = failed(&err);
        goto finish;
    }
    mail_init();
    secret_protect_process(); // after the change of user, which resets it
    if (!daemon_load(&daemon, &err) || !daemon_embedded(&daemon, &err) ||
        !daemon_keys(&daemon, &err)) {
        daemon.status = failed(&err);
        goto finish;
    }
    log_start();
    if (!daemon_build(&daemon, &err) || !daemon_start(&daemon, &err)) {
        daemon.status = failed(&err);
        goto finish;
    }
    process_hear_stop(true);
    loop_run(daemon.core.loop);
finish:
    process_hear_stop(false); // what is taken down is taken down whole
    daemon_finish(&daemon);
    if (daemon.status == 0) { // else the last line is the reason
        log_message(LOG_INFO, "stopped", "as asked");
    }
    log_stop();
    return daemon.status;
}

int daemon_check(const struct config *config)
{
    struct daemon daemon = {.config = config, .plugin_dir = process_plugin_dir(config->plugin_dir)};
    struct err err;
    bool loads = daemon_load(&daemon, &err);

    for (size_t i = 0; loads && i < config->listener_count; i++) {
        loads = endpoint_check(&config->listeners[i], &err);
    }
    registry_destroy(daemon.registry);
    free(daemon.plugin_dir);
    return loads ? 0 : failed(&err);
}

int daemon_migrate(const struct config *config)
{
    struct daemon daemon = {.config = config};
    unsigned applied = 0;
    struct err err;

    process_prepare();
    log_configure(config->log_level, config->log_format);
    if (!become_user(config, &err)) {
        return failed(&err);
    }
    if (config->embedded) {
        /* Runs the migrations itself, as every start does. */
        bool done = daemon_embedded(&daemon, &err) && daemon_keys(&daemon, &err);

        if (daemon.embedded != NULL) {
            embedded_stop(daemon.embedded);
        }
        return done ? 0 : failed(&err);
    }
    if (!migrate_run(config->owner_url, &applied, &err) ||
        !keyfile_register(config->key_dir, config->owner_url, &daemon.keys, &err)) {
        return failed(&err);
    }
    keyfile_wipe(&daemon.keys);
    log_message(LOG_INFO, "migrated", "%u migrations applied, schema version %d", applied,
                migrate_version());
    return 0;
}
