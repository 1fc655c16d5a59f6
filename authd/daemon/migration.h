/* The schema of the database, brought up to date, and what was done said: in the log or, for a dry
 * run, on standard output. Blocking. */
#ifndef DAEMON_MIGRATION_H
#define DAEMON_MIGRATION_H

#include <stdbool.h>

#include "base/err.h"

/* As the owner role. Logs what was done; with `idle` also that there was nothing to do. */
bool migration_run(const char *owner_url, bool idle, struct err *err);

/* Prints what migration_run() would do, and changes nothing. */
bool migration_plan(const char *owner_url, struct err *err);

#endif
