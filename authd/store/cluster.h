/* The files of the private PostgreSQL, in STATE_DIR/postgresql (mode 0700, locked while authd uses
 * the directory):
 *
 *     data/        the cluster; the directory gets this name when initdb is done
 *     data.new-*   an unfinished cluster; removed at the next start
 *     run/         the server's socket
 *     log          the server's log
 *     local.conf   the administrator's own PostgreSQL settings; optional
 *
 * The socket takes peer authentication only: the user that runs authd may connect as postgres,
 * authd_owner and authd_service; every other user is refused.
 */
#ifndef STORE_CLUSTER_H
#define STORE_CLUSTER_H

#include "base/err.h"

struct arena;

struct cluster {
    struct arena *arena; /* owns the texts */
    const char *directory;
    const char *data;
    const char *run;
    const char *log;
    const char *initdb; /* initdb and pg_ctl are of one PostgreSQL version */
    const char *pg_ctl;
    int lock; /* the descriptor that locks `directory` */
};

enum cluster_state {
    CLUSTER_STOPPED, /* the server was never started, or was stopped properly */
    CLUSTER_CRASHED, /* the server's pid file is left but its process is gone */
    CLUSTER_RUNNING,
};

/* Finds or makes the directories and takes the lock. Call cluster_close() after a failure, too. */
bool cluster_open(struct cluster *cluster, const char *state_dir, struct err *err);
void cluster_close(struct cluster *cluster);

/* Whether initdb was done in this state directory; cluster_open() is not needed. */
bool cluster_exists(const char *state_dir);
/* Runs initdb, unless data/ exists. */
bool cluster_create(struct cluster *cluster, struct err *err);
/* Writes PostgreSQL's configuration files, which the server reads when it starts. */
bool cluster_configure(const struct cluster *cluster, struct err *err);
enum cluster_state cluster_state(const struct cluster *cluster);
/* A libpq connection string, valid as long as the cluster is open. */
const char *cluster_url(const struct cluster *cluster, const char *database, const char *role);

#endif
