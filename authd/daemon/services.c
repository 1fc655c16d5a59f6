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
#include "keys/key_files.h"
#include "keys/key_follow.h"
#include "keys/reencrypt.h"
#include "loop/loop.h"
#include "loop/workers.h"
#include "notify/mail.h"
#include "notify/notices.h"
#include "scope/scope_cache.h"
#include "store/embedded.h"
#include "store/lookup.h"
#include "store/migrate.h"

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

static void on_hasher_idle(void *arg)
{
    password_idle(arg);
}

/* What --migrate or the start of an embedded database did. `idle`: also if there was nothing. */
static void log_migrated(const struct migrate_report *report, bool idle)
{
    const struct function_changes *functions = &report->functions;

    if (report->newer) {
        log_message(LOG_INFO, "migrated",
                    "nothing was changed: the database has function set %d, this authd has %d",
                    report->function_set, program_schema.function_set);
    } else if (report->migrations > 0 || report->function_set != report->function_set_before) {
        log_message(LOG_INFO, "migrated",
                    "migrations applied: %d; function set %d to %d: %u new, %u changed, %u dropped",
                    report->migrations, report->function_set_before, report->function_set,
                    functions->made, functions->changed, functions->dropped);
    } else if (idle) {
        log_message(LOG_INFO, "migrated", "there was nothing to do: migration %d, function set %d",
                    program_schema.migration_count, report->function_set);
    }
}

static bool migrate_schema(const char *owner_url, bool idle, struct err *err)
{
    const struct migrate_options options = {.schema = &program_schema};
    struct migrate_report report;
    bool done = migrate_run(owner_url, &options, &report, err);

    if (done) {
        log_migrated(&report, idle);
    }
    return done;
}

static bool services_embed(struct services *services, bool idle, struct err *err)
{
    if (!services->config->embedded) {
        return true;
    }
    services->embedded = embedded_start(services->config->state_dir, err);
    return services->embedded != NULL &&
           migrate_schema(embedded_owner_url(services->embedded), idle, err);
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

static void services_keep_keys(struct services *services)
{
    struct core *core = &services->core;
    const struct key_follow_options key_follow = {.key_dir = services->config->key_dir,
                                                  .ring = &services->keys,
                                                  .names = &services->key_names};

    core->rekeys = rekeys_create(core);
    core->reencrypt = reencrypt_create(core);
    core->key_follow = key_follow_create(core, &key_follow);
}

bool services_build(struct services *services, struct db_options db, struct err *err)
{
    const struct config *config = services->config;
    struct core *core = &services->core;
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
    services->resolver = workers_create(core->loop, &resolve);
    if (core->hashers == NULL || core->mailers == NULL || services->resolver == NULL) {
        return err_set(err, "workers: cannot start threads: %s", strerror(errno));
    }

    db.url = config->embedded ? embedded_service_url(services->embedded) : config->url;
    db.read_connections = config->read_connections;
    db.resolver = services->resolver;
    db.keys = &services->key_names;

    core->db = db_create(core->loop, &db);
    core->lookup = lookup_create(core->loop, core->db);
    core->upgrades = password_upgrades_create(core);
    core->last_uses = last_uses_create(core);
    core->scopes = scope_cache_create(core->db);
    core->registry = services->registry;
    core->keys = &services->keys;
    core->default_domain = config->default_domain;
    core->site = config_site(config);
    core->audits = audits_create(core, config_audit(config));
    services_keep_keys(services);
    core->notices = notices_create(core);
    services->http = http_create(core->loop, core, &http);
    return true;
}

/* ---- taking down ---- */

static void on_resolver_late(int number)
{
    (void)number;
    _exit(resolver_late_status);
}

/* A name server that does not answer holds the resolver's thread for many seconds. All else that
 * matters is taken down by now, so the process ends without waiting for that thread. */
static void resolver_finish(struct services *services, int status)
{
    resolver_late_status = status;
    signal(SIGALRM, on_resolver_late);
    alarm(RESOLVER_FINISH_S);
    workers_destroy(services->resolver);
    alarm(0);
}

/* In reverse order: a service goes before the services that it uses. */
void services_finish(struct services *services, int status)
{
    struct core *core = &services->core;

    if (core->loop != NULL) {
        http_destroy(services->http); // while the listeners exist: the connections point to them
        key_follow_destroy(core->key_follow);
        reencrypt_destroy(core->reencrypt);
        rekeys_destroy(core->rekeys);
        notices_destroy(core->notices);
        audits_destroy(core->audits);
        password_upgrades_destroy(core->upgrades);
        last_uses_destroy(core->last_uses);
        scope_cache_destroy(core->scopes);
        workers_destroy(core->hashers);
        workers_destroy(core->mailers);
        lookup_destroy(core->lookup);
        db_destroy(core->db);
    }
    if (services->embedded != NULL) {
        embedded_stop(services->embedded);
    }
    if (core->loop != NULL) {
        resolver_finish(services, status);
        loop_destroy(core->loop);
    }
    plugin_registry_destroy(services->registry);
    key_files_wipe(&services->keys);
    free(services->plugin_dir);
}

/* ---- authd --migrate ---- */

bool services_migrate(struct services *services, struct err *err)
{
    const struct config *config = services->config;

    if (config->embedded) {
        return services_embed(services, true, err) && services_keys(services, err);
    }
    return migrate_schema(config->owner_url, true, err) &&
           key_files_register(config->key_dir, config->owner_url, &services->keys, err);
}

/* ---- authd --migrate --dry-run ---- */

static void print_line(const char *line, void *arg)
{
    (void)arg;
    puts(line);
}

static bool plan_schema(const char *owner_url, struct err *err)
{
    const struct migrate_options options = {
        .schema = &program_schema, .dry_run = true, .note = print_line};
    struct migrate_report report;

    if (!migrate_run(owner_url, &options, &report, err)) {
        return false;
    }
    if (report.newer) {
        printf("nothing to do: the database has function set %d, this authd has %d\n",
               report.function_set, program_schema.function_set);
    } else if (report.migrations == 0 && report.function_set == report.function_set_before) {
        printf("nothing to do: migration %d, function set %d\n", program_schema.migration_count,
               report.function_set);
    } else {
        printf("function set %d to %d\nnothing was changed: this was a dry run\n",
               report.function_set_before, report.function_set);
    }
    return true;
}

bool services_plan(struct services *services, struct err *err)
{
    const struct config *config = services->config;

    if (!config->embedded) {
        return plan_schema(config->owner_url, err);
    }
    if (!embedded_exists(config->state_dir)) {
        printf("there is no database in %s yet: the first start makes it\n", config->state_dir);
        return true;
    }
    services->embedded = embedded_visit(config->state_dir, err);
    return services->embedded != NULL && plan_schema(embedded_owner_url(services->embedded), err);
}
