/* Numbered migrations of schema/, compiled into the program, applied as the owner role. Blocking:
 * runs before the loop does. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "base/err.h"

/* Brings the database up to this program's schema; nothing to do is success. `applied` gets the
 * number of migrations that ran. Two at a time wait for each other. */
bool migrate_run(const char *owner_url, unsigned *applied, struct err *err);

/* Creates what migrate_run() needs and only a superuser can give: the roles of schema/roles.sql,
 * and the database `authd`. What is there already stays. */
bool migrate_prepare(const char *superuser_url, struct err *err);

/* The schema version that this program was built with. */
int migrate_version(void);

#endif
