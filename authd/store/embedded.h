/* A private PostgreSQL under the state directory: peer authentication, a 0700 directory of its own,
 * no TCP. Started, stopped and adopted through pg_ctl; authd is never the postmaster's parent, so
 * that the database outlives a crash of authd and the next start finds it. */
#ifndef STORE_EMBEDDED_H
#define STORE_EMBEDDED_H

#include "base/err.h"

struct loop;
struct embedded;

/* Creates the cluster if there is none (initdb, roles, database), adopts it if it runs, starts it
 * otherwise. Blocking; called before the loop runs, as the unprivileged user. NULL: see `err`. */
struct embedded *embedded_start(const char *state_dir, struct err *err);
/* Connection strings of the two roles; owned by `embedded`. */
const char *embedded_service_url(const struct embedded *embedded);
const char *embedded_owner_url(const struct embedded *embedded);
/* From now on a server that crashed is started again (its pid file is left but its process is not);
 * one that an administrator stopped stays stopped. */
void embedded_watch(struct embedded *embedded, struct loop *loop);
/* Stops the server (fast shutdown, waits for it) and frees. */
void embedded_stop(struct embedded *embedded);

#endif
