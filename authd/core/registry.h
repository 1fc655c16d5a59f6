/* The plugins of this process: mechanisms and schemes by name, loaded once, never unloaded. */
#ifndef CORE_REGISTRY_H
#define CORE_REGISTRY_H

#include <authd/plugin.h>

#include "base/err.h"

struct registry;

struct registry_options {
    const char *directory;    /* modules are DIRECTORY/NAME.so */
    const char *const *names; /* which to load, in order of announcement */
    size_t count;
};

/* NULL: `err` names the module and the reason (missing file or symbol, other ABI version, file or
 * directory writable by others, name taken twice). Call after privileges are dropped. */
struct registry *registry_create(const struct registry_options *options, struct err *err);
void registry_destroy(struct registry *registry);

/* NULL-terminated, in the order of the configuration. */
const struct authd_mechanism *const *registry_mechanisms(const struct registry *registry);
const struct authd_scheme *const *registry_schemes(const struct registry *registry);
/* By SASL name, in any case; NULL: not configured. */
const struct authd_mechanism *registry_mechanism(const struct registry *registry, const char *name);

#endif
