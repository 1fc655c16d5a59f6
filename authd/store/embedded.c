/* The private PostgreSQL: start, adopt, watch, stop.
 *
 * pg_ctl starts the server as a daemon in a session of its own. A crash of authd, or a kill of its
 * whole process group, therefore leaves the database running, and the next authd adopts the server.
 * Three states in between need care: an initdb that was killed (cluster.h), a server that is still
 * starting, and backends that outlive a killed postmaster for a moment and keep a new one from
 * starting.
 */
#include "store/embedded.h"

#include <event2/event.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "store/child_process.h"
#include "store/cluster.h"
#include "store/migrate.h"

#define START_TIMEOUT_MS  60000 /* crash recovery may take a while */
#define START_ATTEMPTS    5
#define PAUSE_MS          200
#define WATCH_PAUSE_MAX_S 30

struct embedded {
    struct cluster cluster;
    const char *superuser_url;
    const char *owner_url;
    const char *service_url;
    struct event *watch;          /* NULL: embedded_watch() was not called */
    struct child_process restart; /* the running pg_ctl, while `restarting` */
    bool restarting;
    bool started;      /* false: the server was running and was adopted */
    unsigned failures; /* failed restarts in a row */
    unsigned pause_s;  /* seconds until the next restart */
};

static void sleep_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

static bool start_program(const struct cluster *cluster, struct child_process *program,
                          struct err *err)
{
    const char *const argv[] = {cluster->pg_ctl, "start", "--wait",     "--silent", "--pgdata",
                                cluster->data,   "--log", cluster->log, NULL};
    return child_process_start(program, argv, err);
}

static bool start_server(const struct cluster *cluster, struct err *err)
{
    struct child_process pg_ctl;
    struct err why;

    if (cluster_configure(cluster, err) && start_program(cluster, &pg_ctl, err) &&
        child_process_finish(&pg_ctl, err)) {
        return true;
    }
    why = *err;
    return err_set(err, "%s (the reason may be in %s)", why.text, cluster->log);
}

/* A server that does not stop keeps running; the next start adopts it. */
static void stop_server(const struct cluster *cluster)
{
    const char *const argv[] = {cluster->pg_ctl, "stop",     "--wait",      "--mode=fast",
                                "--silent",      "--pgdata", cluster->data, NULL};
    struct child_process pg_ctl;
    struct err ignored;

    if (cluster_state(cluster) == CLUSTER_RUNNING && child_process_start(&pg_ctl, argv, &ignored)) {
        child_process_finish(&pg_ctl, &ignored);
    }
}

/* Whether a signal to stop is pending: the signals that end authd are blocked while it starts. */
static bool asked_to_stop(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

/* Waits until a running or starting server answers. False: the server does not answer, or it
 * ended. */
static bool await_server(const struct embedded *embedded, struct err *err)
{
    int64_t deadline = clock_ms() + START_TIMEOUT_MS;

    while (cluster_state(&embedded->cluster) == CLUSTER_RUNNING) {
        if (PQping(embedded->superuser_url) == PQPING_OK) {
            return true;
        }
        if (asked_to_stop()) {
            return err_set(err, "asked to stop before the embedded PostgreSQL answered");
        }
        if (clock_ms() > deadline) {
            return err_set(err, "the embedded PostgreSQL runs but does not answer: see %s",
                           embedded->cluster.log);
        }
        sleep_a_moment();
    }
    return err_set(err, "the embedded PostgreSQL ended while it was starting: see %s",
                   embedded->cluster.log);
}

static bool adopt_or_start(struct embedded *embedded, struct err *err)
{
    for (int attempt = 0; attempt < START_ATTEMPTS; attempt++) {
        if (cluster_state(&embedded->cluster) == CLUSTER_RUNNING) {
            if (await_server(embedded, err)) {
                return true;
            }
            if (cluster_state(&embedded->cluster) == CLUSTER_RUNNING) {
                /* The server does not answer, and another attempt would not change that. */
                return false;
            }
        } else if (start_server(&embedded->cluster, err)) {
            embedded->started = true;
            return true;
        }
        sleep_a_moment();
    }
    return false;
}

static bool bring_up(struct embedded *embedded, const char *state_dir, bool create, struct err *err)
{
    struct cluster *cluster = &embedded->cluster;

    if (!cluster_open(cluster, state_dir, err) || (create && !cluster_create(cluster, err))) {
        return false;
    }
    embedded->superuser_url = cluster_url(cluster, "postgres", "postgres");
    embedded->owner_url = cluster_url(cluster, "authd", "authd_owner");
    embedded->service_url = cluster_url(cluster, "authd", "authd_service");
    /* Prepares the database at every start, not only after initdb: an earlier authd may have been
     * killed after initdb, or this one may be an upgrade. */
    return adopt_or_start(embedded, err) &&
           (!create || migrate_prepare(embedded->superuser_url, err));
}

/* NULL: see `err`. */
static struct embedded *embedded_open(const char *state_dir, bool create, struct err *err)
{
    struct embedded *embedded = mem_new(struct embedded);

    if (!bring_up(embedded, state_dir, create, err)) {
        if (embedded->started) {
            stop_server(&embedded->cluster);
        }
        cluster_close(&embedded->cluster);
        free(embedded);
        return NULL;
    }
    return embedded;
}

struct embedded *embedded_start(const char *state_dir, struct err *err)
{
    return embedded_open(state_dir, true, err);
}

struct embedded *embedded_visit(const char *state_dir, struct err *err)
{
    return embedded_open(state_dir, false, err);
}

bool embedded_exists(const char *state_dir)
{
    return cluster_exists(state_dir);
}

const char *embedded_service_url(const struct embedded *embedded)
{
    return embedded->service_url;
}

const char *embedded_owner_url(const struct embedded *embedded)
{
    return embedded->owner_url;
}

/* The first restart is made at once; after each that fails the pause grows. */
static void restart_ended(struct embedded *embedded)
{
    struct err ignored; /* the server's log says why */

    embedded->restarting = false;
    if (child_process_finish(&embedded->restart, &ignored)) {
        embedded->failures = 0;
        return;
    }
    embedded->failures++;
    embedded->pause_s =
        embedded->failures < WATCH_PAUSE_MAX_S ? embedded->failures : WATCH_PAUSE_MAX_S;
}

static void watch_tick(evutil_socket_t fd, short what, void *arg)
{
    struct embedded *embedded = arg;
    struct err ignored;

    (void)fd;
    (void)what;
    if (embedded->restarting) {
        if (child_process_running(&embedded->restart)) {
            return;
        }
        restart_ended(embedded);
    }
    if (embedded->pause_s > 0) {
        embedded->pause_s--;
        return;
    }
    if (cluster_state(&embedded->cluster) == CLUSTER_CRASHED) {
        embedded->restarting = start_program(&embedded->cluster, &embedded->restart, &ignored);
    }
}

void embedded_watch(struct embedded *embedded, struct loop *loop)
{
    embedded->watch = event_new(loop_base(loop), -1, EV_PERSIST, watch_tick, embedded);
    event_add(embedded->watch, &(struct timeval){.tv_sec = 1});
}

void embedded_stop(struct embedded *embedded)
{
    struct err ignored;

    if (embedded == NULL) {
        return;
    }
    if (embedded->watch != NULL) {
        event_free(embedded->watch);
    }
    if (embedded->restarting) {
        child_process_finish(&embedded->restart, &ignored);
    }
    stop_server(&embedded->cluster);
    cluster_close(&embedded->cluster);
    free(embedded);
}
