/* The daemon: the services behind their endpoints, from binding to draining. */
#ifndef DAEMON_H
#define DAEMON_H

#include "config/config.h"

/* Until SIGTERM or SIGINT, then drains. Returns the exit status; what went wrong is on stderr. */
int daemon_run(const struct config *config);

/* What else a start would find wrong with the configuration: plugins, schemes and certificates.
 * Returns the exit status. */
int daemon_check(const struct config *config);

/* authd --migrate: brings the schema up to date. Returns the exit status. */
int daemon_migrate(const struct config *config);

#endif
