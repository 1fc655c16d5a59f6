/* The services behind the endpoints: plugins, keys, workers, the database, and the core on top.
 * They are built in order and taken down in reverse order. */
#ifndef DAEMON_SERVICES_H
#define DAEMON_SERVICES_H

#include "config/config.h"
#include "core/core.h"
#include "crypto/key.h"
#include "http/server.h"
#include "store/db.h"
#include "store/key_names.h"

struct embedded;

struct services {
    const struct config *config;
    char *plugin_dir; // from process_plugin_dir(); freed by services_finish()
    struct core core;
    struct plugin_registry *registry;
    struct key_ring keys;
    struct key_names key_names;
    struct workers *resolver;
    struct embedded *embedded; // NULL: the database is external
    struct http_server *http;
    const struct db_options *callbacks; // of services_build()
    int status;                         // of services_finish()
};

/* Loads plugins and password schemes. */
bool services_load(struct services *services, struct err *err);
/* Starts the embedded database, if it is configured, and migrates its schema; then loads the keys.
 * Blocking. */
bool services_open(struct services *services, struct err *err);
/* Builds the loop and all services on it. `callbacks` has the members of db_options that tell the
 * database's state, and lives until this function returns. */
bool services_build(struct services *services, const struct db_options *callbacks, struct err *err);

/* Once no mail socket has a request under way: lets the services finish what they have begun. True:
 * nothing is left; else ask again. */
bool services_drain(struct services *services);

/* Takes down the services that were built, however far that came. If the resolver's thread hangs,
 * the process ends here, with `status`. */
void services_finish(struct services *services, int status);

/* smtp-authd --migrate: migrates the schema and registers the keys. Blocking. */
bool services_migrate(struct services *services, struct err *err);
/* smtp-authd --migrate --dry-run: prints what it would do to the schema, and changes nothing; key
 * files are not made either. Blocking. */
bool services_plan(struct services *services, struct err *err);

#endif
