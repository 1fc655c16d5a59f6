/* The plugins of the process: mechanisms and schemes by name, loaded once, never unloaded. */
#ifndef CORE_PLUGIN_REGISTRY_H
#define CORE_PLUGIN_REGISTRY_H

#include <authd/plugin.h>

#include "base/err.h"

struct plugin_registry;

struct plugin_registry_options {
    const char *directory;    /* modules are DIRECTORY/NAME.so */
    const char *const *names; /* names of the plugins to load, in order of announcement */
    size_t count;
};

/* Loads the plugins. Call after privileges are dropped. NULL: `err` names the plugin and the reason
 * (missing file or symbol, other ABI version, file or directory writable by others, name taken
 * twice). */
struct plugin_registry *plugin_registry_create(const struct plugin_registry_options *options,
                                               struct err *err);
void plugin_registry_destroy(struct plugin_registry *registry);

/* Both lists are NULL-terminated and in the order of the configuration. The registry owns them. */
const struct authd_mechanism *const *
plugin_registry_mechanisms(const struct plugin_registry *registry);
const struct authd_scheme *const *plugin_registry_schemes(const struct plugin_registry *registry);
/* Finds a mechanism by its SASL name, in any case. NULL: not configured. */
const struct authd_mechanism *plugin_registry_mechanism(const struct plugin_registry *registry,
                                                        const char *name);

#endif
