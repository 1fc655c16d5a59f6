/* The daemon: starts the services and their endpoints, serves, and stops them again. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "config/config.h"

/* Serves until SIGTERM or SIGINT, then drains. Returns the exit status; errors are in the log. */
int daemon_run(const struct config *config);

/* Checks the parts of the configuration that only a start uses: plugins, schemes and certificates.
 * Returns the exit status. */
int daemon_check(const struct config *config);

/* smtp-authd --migrate: migrates the schema and registers the keys; with `dry_run`, prints what a
 * migration would do, and changes nothing. Returns the exit status. */
int daemon_migrate(const struct config *config, bool dry_run);

#endif
