#include "daemon/daemon.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "daemon/endpoint.h"
#include "daemon/privileges.h"
#include "daemon/process.h"
#include "daemon/services.h"
#include "keys/key_follow.h"
#include "loop/loop.h"
#include "notify/mail.h"
#include "notify/notices.h"
#include "store/embedded.h"

#define READY_AT_LEAST_MS 3000 /* from then on authd is ready, even without the database */
#define DRAIN_MS          5000
#define DRAIN_POLL_MS     20

struct daemon {
    struct services services;
    struct endpoint *endpoints;
    size_t endpoint_count;

    struct event on_term;
    struct event on_int;
    struct event on_hup;
    struct event ready_timer;
    struct event drain_timer;
    bool ready;
    int64_t drain_since; // clock_ms() of the first signal to stop; 0: none came
    int status;          // the exit status
};

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

    if (daemon->status != 0) { // the log has "database-unusable", and authd is about to stop
        return;
    }
    log_message(LOG_ERROR, "database-down", "%s", why);
    daemon_ready(daemon);
}

/* A database that is unusable at the start is a mistake of the installation, and authd stops. A
 * database that becomes unusable later (another node migrated it) counts as down, and authd keeps
 * running. */
static void on_db_unusable(void *arg, const char *text)
{
    struct daemon *daemon = arg;

    log_message(LOG_ERROR, "database-unusable", "%s", text);
    if (!daemon->ready) {
        daemon->status = 1;
        loop_stop(daemon->services.core.loop);
    }
}

static void on_db_failed(void *arg, const char *text)
{
    (void)arg;
    log_message(LOG_ERROR, "database-error", "%s", text);
}

static struct db_options database_callbacks(struct daemon *daemon)
{
    return (struct db_options){
        .unusable = on_db_unusable,
        .failed = on_db_failed,
        .up = on_db_up,
        .down = on_db_down,
        .arg = daemon,
    };
}

static bool endpoints_idle(const struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        if (!endpoint_idle(&daemon->endpoints[i])) {
            return false;
        }
    }
    return true;
}

static void on_drain_timer(evutil_socket_t fd, short what, void *arg)
{
    struct daemon *daemon = arg;

    (void)fd;
    (void)what;
    if ((endpoints_idle(daemon) && services_drain(&daemon->services)) ||
        clock_ms() - daemon->drain_since >= DRAIN_MS) {
        loop_stop(daemon->services.core.loop);
    }
}

/* After the first signal, authd answers the requests that are under way; the second signal stops it
 * at once. */
static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct daemon *daemon = arg;
    const struct timeval poll = {.tv_usec = DRAIN_POLL_MS * 1000};

    (void)number;
    (void)what;
    if (daemon->drain_since != 0) {
        loop_stop(daemon->services.core.loop);
        return;
    }
    log_message(LOG_INFO, "stopping", "no new requests");
    process_stopping();
    daemon->drain_since = clock_ms();
    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        endpoint_drain(&daemon->endpoints[i]);
    }
    http_drain(daemon->services.http); // begins; the timer asks for the end
    event_add(&daemon->drain_timer, &poll);
}

/* Reads the certificates and the key files again. The configuration stays as it is. */
static void on_hangup(evutil_socket_t number, short what, void *arg)
{
    struct daemon *daemon = arg;

    (void)number;
    (void)what;
    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        endpoint_reload(&daemon->endpoints[i]);
    }
    key_follow_reload(daemon->services.core.key_follow);
}

/* ---- building ---- */

static bool daemon_bind(struct daemon *daemon, struct err *err)
{
    const struct config *config = daemon->services.config;

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
        !privileges_make_state_dir(config->state_dir, config->uid, config->gid, err)) {
        return false;
    }
    return privileges_drop(config->user, config->uid, config->gid, err);
}

static bool daemon_start(struct daemon *daemon, struct err *err)
{
    struct event_base *base = loop_base(daemon->services.core.loop);
    const struct timeval at_least = {.tv_sec = READY_AT_LEAST_MS / 1000};

    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        if (!endpoint_start(&daemon->endpoints[i], daemon->services.core.loop,
                            &daemon->services.core, daemon->services.http, err)) {
            return false;
        }
    }
    if (daemon->services.embedded != NULL) {
        embedded_watch(daemon->services.embedded, daemon->services.core.loop);
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

/* In reverse order: the endpoints go before the services that they use. */
static void daemon_finish(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->endpoint_count; i++) {
        endpoint_finish(&daemon->endpoints[i]);
    }
    daemon_stop_events(daemon);
    services_finish(&daemon->services, daemon->status);
    free(daemon->endpoints);
}

int daemon_run(const struct config *config)
{
    struct daemon daemon = {.services = {.config = config}};
    struct services *services = &daemon.services;
    const struct db_options callbacks = database_callbacks(&daemon);
    struct err err;

    process_prepare();
    log_configure(config->log_level, config->log_format);
    services->plugin_dir = process_plugin_dir(config->plugin_dir);
    if (!daemon_bind(&daemon, &err) || !become_user(config, &err)) {
        daemon.status = failed(&err);
        goto finish;
    }
    mail_init();
    secret_protect_process(); // after the change of user, which resets it
    if (!services_load(services, &err) || !services_open(services, &err)) {
        daemon.status = failed(&err);
        goto finish;
    }
    log_start();
    if (!services_build(services, &callbacks, &err) || !daemon_start(&daemon, &err)) {
        daemon.status = failed(&err);
        goto finish;
    }
    process_deliver_stop(true);
    loop_run(services->core.loop);
finish:
    process_deliver_stop(false); // a signal no longer interrupts taking down the services
    daemon_finish(&daemon);
    if (daemon.status == 0) { // else the last line of the log stays the reason
        log_message(LOG_INFO, "stopped", "as asked");
    }
    log_stop();
    return daemon.status;
}

int daemon_check(const struct config *config)
{
    struct services services = {.config = config,
                                .plugin_dir = process_plugin_dir(config->plugin_dir)};
    struct err err;
    bool loads = services_load(&services, &err);

    for (size_t i = 0; loads && i < config->listener_count; i++) {
        loads = endpoint_check(&config->listeners[i], &err);
    }
    services_finish(&services, 0);
    return loads ? 0 : failed(&err);
}

int daemon_migrate(const struct config *config, bool dry_run)
{
    struct services services = {.config = config};
    struct err err;

    process_prepare();
    log_configure(config->log_level, config->log_format);

    bool done = become_user(config, &err) &&
                (dry_run ? services_plan(&services, &err) : services_migrate(&services, &err));

    services_finish(&services, 0);
    return done ? 0 : failed(&err);
}
