/* What serves the endpoints: plugins, keys, workers, the database and the core on top of them. They
 * are built in order and taken down in reverse. */
#ifndef SERVICES_H
#define SERVICES_H

#include "config/config.h"
#include "core/core.h"
#include "core/key_files.h"
#include "crypto/keyed.h"
#include "http/server.h"
#include "store/db.h"

struct embedded;

struct services {
    const struct config *config;
    char *plugin_dir; // of process_plugin_dir()
    struct core core;
    struct registry *registry;
    struct key_ring keys;
    struct key_names key_names;
    struct key_files key_files;
    struct workers *resolver;
    struct embedded *embedded; // NULL: the database is another's
    struct http_server *http;
};

/* Plugins and password schemes. */
bool services_load(struct services *services, struct err *err);
/* The embedded database, if it is one: started, its schema brought up to date. Then the keys.
 * Blocking. */
bool services_open(struct services *services, struct err *err);
/* The loop and all that hangs on it. `db`: whom to tell of the database, the rest is filled in. */
bool services_build(struct services *services, struct db_options db, struct err *err);

/* Whatever of it there is. `status`: with what the process ends if a name server keeps it. */
void services_finish(struct services *services, int status);

/* authd --migrate: the schema and the keys. Blocking. */
bool services_migrate(struct services *services, struct err *err);

#endif
