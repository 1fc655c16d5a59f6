/* The files of the private PostgreSQL, in STATE_DIR/postgresql (0700, locked while we use it):
 *
 *     data/        the cluster; it gets this name only when initdb is done
 *     data.new-*   a cluster that was not finished: removed
 *     run/         the server's socket
 *     log          the server's log
 *     local.conf   the administrator's own PostgreSQL settings, if there is one
 *
 * Only peer authentication on that socket: the user that runs authd is postgres, authd_owner and
 * authd_service; nobody else is anybody. */
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
    const char *initdb; /* programs of one PostgreSQL version */
    const char *pg_ctl;
    int lock; /* on `directory` */
};

enum cluster_state {
    CLUSTER_STOPPED, /* never started, or stopped properly */
    CLUSTER_CRASHED, /* its pid file is left but its process is gone */
    CLUSTER_RUNNING,
};

/* Finds or makes the directories and takes the lock. cluster_close() also after a failure. */
bool cluster_open(struct cluster *cluster, const char *state_dir, struct err *err);
void cluster_close(struct cluster *cluster);

/* initdb, unless it was done. */
bool cluster_create(struct cluster *cluster, struct err *err);
/* Writes PostgreSQL's configuration files; they take effect when the server starts. */
bool cluster_configure(const struct cluster *cluster, struct err *err);
enum cluster_state cluster_state(const struct cluster *cluster);
/* A libpq connection string; lives as long as the cluster. */
const char *cluster_url(const struct cluster *cluster, const char *database, const char *role);

#endif
