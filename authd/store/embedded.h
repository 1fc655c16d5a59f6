/* A private PostgreSQL under the state directory, with peer authentication, a directory of its own
 * (mode 0700) and no TCP. pg_ctl starts and stops the server, and authd never becomes the
 * postmaster's parent, so the database outlives a crash of authd and the next start adopts it. */
#ifndef STORE_EMBEDDED_H
#define STORE_EMBEDDED_H

#include "base/err.h"

struct loop;
struct embedded;

/* Creates the cluster if there is none (initdb, roles, database), then adopts a running server or
 * starts one. Blocks; call it before the loop runs, as the unprivileged user. NULL: see `err`. */
struct embedded *embedded_start(const char *state_dir, struct err *err);
/* Whether there is a cluster. */
bool embedded_exists(const char *state_dir);
/* embedded_start() for a cluster that exists: nothing but the server's configuration is written. */
struct embedded *embedded_visit(const char *state_dir, struct err *err);
/* The connection strings of the two roles; owned by `embedded`. */
const char *embedded_service_url(const struct embedded *embedded);
const char *embedded_owner_url(const struct embedded *embedded);
/* Begins to restart a server that crashed (its pid file is left but its process is gone). A server
 * that an administrator stopped stays stopped. */
void embedded_watch(struct embedded *embedded, struct loop *loop);
/* Stops the server (fast shutdown), waits for its end, and frees `embedded`. */
void embedded_stop(struct embedded *embedded); /* NULL is fine */

#endif
