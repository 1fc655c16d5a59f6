#include "daemon/services.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/plugin_registry.h"
#include "credential/last_use.h"
#include "credential/password_upgrade.h"
#include "credential/rekey.h"
#include "daemon/migration.h"
#include "keys/key_files.h"
#include "keys/key_follow.h"
#include "keys/reencrypt.h"
#include "loop/loop.h"
#include "loop/workers.h"
#include "notify/mail.h"
#include "notify/notices.h"
#include "scope/scope_cache.h"
#include "store/account_lookup.h"
#include "store/embedded.h"

#define HASH_IDLE_MS      10000
#define HASH_QUEUE_LIMIT  64
#define HTTP_CONNECTIONS  500
#define RESOLVER_FINISH_S 2

static volatile sig_atomic_t resolver_late_status;

/* ---- building ---- */

bool services_load(struct services *services, struct err *err)
{
    const struct config *config = services->config;
    struct password_schemes *schemes = &services->core.schemes;
    const struct plugin_registry_options options = {
        .directory = services->plugin_dir,
        .names = (const char *const *)config->plugins,
        .count = config->plugin_count,
    };

    services->registry = plugin_registry_create(&options, err);
    if (services->registry == NULL) {
        return false;
    }
    schemes->schemes = plugin_registry_schemes(services->registry);
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
    password_idle(schemes); // only the workers hash from here on
    return true;
}

static bool services_embed(struct services *services, bool idle, struct err *err)
{
    if (!services->config->embedded) {
        return true;
    }
    services->embedded = embedded_start(services->config->state_dir, err);
    return services->embedded != NULL &&
           migration_run(embedded_owner_url(services->embedded), idle, err);
}

/* With an external database, other nodes may have made the keys already, and this node needs a copy
 * of them: so only --migrate makes keys. */
static bool services_keys(struct services *services, struct err *err)
{
    const struct config *config = services->config;

    bool there = config->embedded
                     ? key_files_register(config->key_dir, embedded_owner_url(services->embedded),
                                          &services->keys, err)
                     : key_files_load(config->key_dir, &services->keys, err);

    key_files_names(&services->keys, &services->key_names);
    return there;
}

bool services_open(struct services *services, struct err *err)
{
    return services_embed(services, false, err) && services_keys(services, err);
}

/* ---- the loop and what lives on it ---- */

static bool threads_started(const struct workers *workers, struct err *err)
{
    return workers != NULL || err_set(err, "cannot start threads: %s", strerror(errno));
}

static bool create_loop(struct services *services, struct err *err)
{
    const struct config *config = services->config;
    struct core *core = &services->core;

    (void)err;
    core->loop = loop_create();
    core->registry = services->registry;
    core->keys = &services->keys;
    core->default_domain = config->default_domain;
    core->site = config_site(config);
    return true;
}

static void destroy_loop(struct services *services)
{
    loop_destroy(services->core.loop);
}

static bool create_resolver(struct services *services, struct err *err)
{
    const struct workers_options options = {.name = "resolve", .threads = 1, .queue_limit = 16};

    services->resolver = workers_create(services->core.loop, &options);
    return threads_started(services->resolver, err);
}

static void on_resolver_late(int number)
{
    (void)number;
    _exit(resolver_late_status);
}

/* A name server that does not answer holds the resolver's thread for many seconds. All else that
 * matters is taken down by now, so the process ends without waiting for that thread. */
static void destroy_resolver(struct services *services)
{
    if (services->resolver == NULL) {
        return;
    }
    resolver_late_status = services->status;
    signal(SIGALRM, on_resolver_late);
    alarm(RESOLVER_FINISH_S);
    workers_destroy(services->resolver);
    alarm(0);
}

static void destroy_embedded(struct services *services)
{
    embedded_stop(services->embedded);
}

static bool create_db(struct services *services, struct err *err)
{
    const struct config *config = services->config;
    struct core *core = &services->core;
    struct db_options db = *services->callbacks;

    (void)err;
    db.url = config->embedded ? embedded_service_url(services->embedded) : config->url;
    db.read_connections = config->read_connections;
    db.resolver = services->resolver;
    db.keys = &services->key_names;
    core->db = db_create(core->loop, &db);
    core->lookup = account_lookup_create(core->loop, core->db);
    core->scopes = scope_cache_create(core->db);
    return true;
}

static void destroy_db(struct services *services)
{
    struct core *core = &services->core;

    scope_cache_destroy(core->scopes);
    account_lookup_destroy(core->lookup);
    db_destroy(core->db);
}

static bool create_mailers(struct services *services, struct err *err)
{
    const struct workers_options options = {
        .name = "mail", .threads = 1, .queue_limit = MAIL_QUEUE_LIMIT};

    services->core.mailers = workers_create(services->core.loop, &options);
    return threads_started(services->core.mailers, err);
}

static void destroy_mailers(struct services *services)
{
    workers_destroy(services->core.mailers);
}

static void on_hasher_idle(void *arg)
{
    password_idle(arg);
}

static bool create_hashers(struct services *services, struct err *err)
{
    const struct config *config = services->config;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const struct workers_options options = {
        .name = "hash",
        .threads = config->workers != 0 ? config->workers : (unsigned)(cores > 0 ? cores : 1),
        .nice = 10,
        .queue_limit = HASH_QUEUE_LIMIT,
        .idle = on_hasher_idle,
        .idle_arg = &services->core.schemes,
        .idle_ms = HASH_IDLE_MS,
    };

    services->core.hashers = workers_create(services->core.loop, &options);
    return threads_started(services->core.hashers, err);
}

static void destroy_hashers(struct services *services)
{
    workers_destroy(services->core.hashers);
}

static bool create_credentials(struct services *services, struct err *err)
{
    struct core *core = &services->core;

    (void)err;
    core->last_uses = last_uses_create(core);
    core->upgrades = password_upgrades_create(core);
    core->rekeys = rekeys_create(core);
    return true;
}

static void destroy_credentials(struct services *services)
{
    struct core *core = &services->core;

    rekeys_destroy(core->rekeys);
    password_upgrades_destroy(core->upgrades);
    last_uses_destroy(core->last_uses);
}

static bool create_audit(struct services *services, struct err *err)
{
    (void)err;
    services->core.audits = audits_create(&services->core, config_audit(services->config));
    return true;
}

static bool drain_audit(struct services *services)
{
    return audits_drain(services->core.audits);
}

static void destroy_audit(struct services *services)
{
    audits_destroy(services->core.audits);
}

static bool create_notices(struct services *services, struct err *err)
{
    (void)err;
    services->core.notices = notices_create(&services->core);
    return true;
}

static bool drain_notices(struct services *services)
{
    return notices_drain(services->core.notices);
}

static void destroy_notices(struct services *services)
{
    notices_destroy(services->core.notices);
}

static bool create_keys(struct services *services, struct err *err)
{
    struct core *core = &services->core;
    const struct key_follow_options options = {
        .key_dir = services->config->key_dir,
        .ring = &services->keys,
        .names = &services->key_names,
    };

    (void)err;
    core->reencrypt = reencrypt_create(core);
    core->key_follow = key_follow_create(core, &options);
    return true;
}

static void destroy_keys(struct services *services)
{
    key_follow_destroy(services->core.key_follow);
    reencrypt_destroy(services->core.reencrypt);
}

static bool create_http(struct services *services, struct err *err)
{
    const struct http_options options = {.connections = HTTP_CONNECTIONS};

    (void)err;
    services->http = http_create(&services->core, &options);
    return true;
}

static bool drain_http(struct services *services)
{
    return http_drain(services->http);
}

static void destroy_http(struct services *services)
{
    http_destroy(services->http); // while the listeners exist: the connections point to them
}

/* ---- the table ---- */

/* A service uses only services above it. They are created from the top, and drained and destroyed
 * from the bottom: a service drains when those below it are done, the audit before mails that a
 * slow mail server may hold up. */
static const struct service {
    const char *name;
    bool (*create)(struct services *services, struct err *err); // NULL: services_open() did it
    bool (*drain)(struct services *services);                   // NULL: nothing has to end well
    void (*destroy)(struct services *services);                 // also before it was created
} table[] = {
    {"loop", create_loop, NULL, destroy_loop},
    {"resolver", create_resolver, NULL, destroy_resolver},
    {"embedded database", NULL, NULL, destroy_embedded},
    {"database", create_db, NULL, destroy_db},
    {"mail lane", create_mailers, NULL, destroy_mailers},
    {"hash lane", create_hashers, NULL, destroy_hashers},
    {"credentials", create_credentials, NULL, destroy_credentials},
    {"notices", create_notices, drain_notices, destroy_notices},
    {"audit", create_audit, drain_audit, destroy_audit},
    {"keys", create_keys, NULL, destroy_keys},
    {"http", create_http, drain_http, destroy_http},
};

enum { SERVICES = sizeof(table) / sizeof(table[0]) };

bool services_build(struct services *services, const struct db_options *callbacks, struct err *err)
{
    struct err why;

    services->callbacks = callbacks;
    for (size_t i = 0; i < SERVICES; i++) {
        if (table[i].create != NULL && !table[i].create(services, &why)) {
            return err_set(err, "%s: %s", table[i].name, why.text);
        }
    }
    return true;
}

bool services_drain(struct services *services)
{
    for (size_t i = SERVICES; i-- > 0;) {
        if (table[i].drain != NULL && !table[i].drain(services)) {
            return false;
        }
    }
    return true;
}

void services_finish(struct services *services, int status)
{
    services->status = status;
    for (size_t i = SERVICES; i-- > 0;) {
        table[i].destroy(services);
    }
    plugin_registry_destroy(services->registry);
    key_files_wipe(&services->keys);
    free(services->plugin_dir);
}

/* ---- smtp-authd --migrate ---- */

bool services_migrate(struct services *services, struct err *err)
{
    const struct config *config = services->config;

    if (config->embedded) {
        return services_embed(services, true, err) && services_keys(services, err);
    }
    return migration_run(config->owner_url, true, err) &&
           key_files_register(config->key_dir, config->owner_url, &services->keys, err);
}

/* ---- smtp-authd --migrate --dry-run ---- */

bool services_plan(struct services *services, struct err *err)
{
    const struct config *config = services->config;

    if (!config->embedded) {
        return migration_plan(config->owner_url, err);
    }
    if (!embedded_exists(config->state_dir)) {
        printf("there is no database in %s yet: the first start makes it\n", config->state_dir);
        return true;
    }
    services->embedded = embedded_visit(config->state_dir, err);
    return services->embedded != NULL &&
           migration_plan(embedded_owner_url(services->embedded), err);
}
