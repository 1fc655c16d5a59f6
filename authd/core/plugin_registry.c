#include "core/plugin_registry.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/span.h"

/* Octets; the core allocates a state for each SASL exchange. */
#define STATE_MAX       65536
#define PLUGIN_NAME_MAX 32
#define SASL_NAME_MAX   20 /* RFC 4422, section 3.1 */

struct plugin_registry {
    const struct authd_mechanism **mechanisms; /* NULL-terminated */
    size_t mechanism_count;
    const struct authd_scheme **schemes; /* NULL-terminated */
    size_t scheme_count;
};

/* The module that is loaded now. */
struct module {
    const char *directory;
    int directory_fd;
    const char *name;
};

/* ---- the file ---------------------------------------------------------------------- */

static bool has_only(const char *text, size_t max, const char *characters)
{
    size_t len = strlen(text);
    return len >= 1 && len <= max && strspn(text, characters) == len;
}

/* A user who can change the file, or replace it, runs code in authd. So only root or authd's own
 * user may own it, and no other user may write to it. */
static bool check_owner(const struct stat *st, const char *what, const char *path, struct err *err)
{
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        return err_set(err, "%s %s belongs to uid %u: chown it to root", what, path,
                       (unsigned)st->st_uid);
    }
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return err_set(err, "%s %s can be written by others (mode %04o): chmod go-w it", what, path,
                       (unsigned)(st->st_mode & 07777));
    }
    return true;
}

static int open_directory(const char *path, struct err *err)
{
    struct stat st;
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_set(err, "plugin directory %s: %s; set plugin_dir to where the plugins are installed",
                path, strerror(errno));
    } else if (check_owner(&st, "plugin directory", path, err)) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* Opens the module's file. Symbolic links are followed, because packages use them; the file at the
 * end of the links is checked. */
static int open_file(const struct module *module, struct err *err)
{
    char file[PLUGIN_NAME_MAX + sizeof(".so")];
    char path[256];
    snprintf(file, sizeof(file), "%s.so", module->name);
    snprintf(path, sizeof(path), "%s/%s", module->directory, file);

    struct stat st;
    int fd = openat(module->directory_fd, file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_set(err, "plugin %s: %s: %s; install it or remove %s from plugins", module->name, path,
                strerror(errno), module->name);
    } else if (!S_ISREG(st.st_mode)) {
        err_set(err, "plugin %s: %s is not a regular file", module->name, path);
    } else if (check_owner(&st, "plugin file", path, err)) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

/* Loads the file that was checked, even if its name now means another file. The dynamic linker
 * identifies a module by the name it was loaded under, here its descriptor number. The next module
 * with the same number would be taken for this one, so the descriptor stays open as long as the
 * module, which is never unloaded. */
static const struct authd_plugin *load(const struct module *module, struct err *err)
{
    int fd = open_file(module, err);
    if (fd < 0) {
        return NULL;
    }
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == NULL) {
        err_set(err, "plugin %s: %s/%s.so cannot be loaded: %s", module->name, module->directory,
                module->name, dlerror());
        close(fd);
        return NULL;
    }
    const struct authd_plugin *plugin = dlsym(handle, "authd_plugin");
    if (plugin == NULL) {
        err_set(err, "plugin %s: %s/%s.so exports no authd_plugin: it is not a plugin of authd",
                module->name, module->directory, module->name);
    }
    return plugin;
}

/* ---- what it offers ---------------------------------------------------------------- */

static bool check_plugin(const struct authd_plugin *plugin, const char *name, struct err *err)
{
    if (plugin->abi != AUTHD_PLUGIN_ABI) {
        return err_set(err,
                       "plugin %s has plugin ABI %u, this authd has %u: install the plugin that "
                       "belongs to this authd",
                       name, (unsigned)plugin->abi, (unsigned)AUTHD_PLUGIN_ABI);
    }
    if (plugin->size != sizeof(*plugin)) {
        return err_set(err,
                       "plugin %s describes itself in %u octets, this authd in %zu: compile it "
                       "against this authd's authd/plugin.h",
                       name, (unsigned)plugin->size, sizeof(*plugin));
    }
    if (plugin->name == NULL || strcmp(plugin->name, name) != 0) {
        return err_set(err, "plugin %s calls itself %s: its file was renamed; give it its own name",
                       name, plugin->name != NULL ? plugin->name : "nothing");
    }
    if (plugin->mechanisms == NULL && plugin->schemes == NULL) {
        return err_set(err, "plugin %s offers nothing: remove it from plugins", name);
    }
    return true;
}

static bool add_mechanism(struct plugin_registry *registry, const struct authd_mechanism *mechanism,
                          const char *plugin, struct err *err)
{
    if (mechanism->name == NULL || mechanism->step == NULL ||
        !has_only(mechanism->name, SASL_NAME_MAX, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")) {
        return err_set(err, "plugin %s: a mechanism has no proper SASL name or no step: update it",
                       plugin);
    }
    if (mechanism->state_size > STATE_MAX) {
        return err_set(err,
                       "plugin %s: mechanism %s wants %zu octets of state, %d at most: update it",
                       plugin, mechanism->name, mechanism->state_size, STATE_MAX);
    }
    if (plugin_registry_mechanism(registry, mechanism->name) != NULL) {
        return err_set(err,
                       "plugin %s offers mechanism %s, which another plugin offers already: remove "
                       "one of them from plugins",
                       plugin, mechanism->name);
    }
    size_t count = registry->mechanism_count + 1;
    registry->mechanisms =
        mem_realloc(registry->mechanisms, (count + 1) * sizeof(*registry->mechanisms));
    registry->mechanisms[count - 1] = mechanism;
    registry->mechanisms[count] = NULL;
    registry->mechanism_count = count;
    return true;
}

/* Two prefixes clash if one stored hash can begin with both. */
static bool prefixes_clash(const struct authd_scheme *a, const struct authd_scheme *b)
{
    for (const char *const *p = a->prefixes; *p != NULL; p++) {
        for (const char *const *q = b->prefixes; *q != NULL; q++) {
            size_t p_len = strlen(*p);
            size_t q_len = strlen(*q);
            if (strncmp(*p, *q, p_len < q_len ? p_len : q_len) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool check_scheme(const struct authd_scheme *scheme, const char *plugin, struct err *err)
{
    if (scheme->name == NULL || scheme->name[0] == '\0' || scheme->prefixes == NULL ||
        scheme->prefixes[0] == NULL || scheme->cost == NULL || scheme->verify == NULL) {
        return err_set(err, "plugin %s: a scheme lacks a name, prefixes, cost or verify: update it",
                       plugin);
    }
    if ((scheme->hash == NULL) != (scheme->weaker == NULL)) {
        return err_set(err,
                       "plugin %s: scheme %s needs both or neither of hash and weaker: update it",
                       plugin, scheme->name);
    }
    for (const char *const *prefix = scheme->prefixes; *prefix != NULL; prefix++) {
        if ((*prefix)[0] == '\0') {
            return err_set(err, "plugin %s: scheme %s has an empty prefix: update it", plugin,
                           scheme->name);
        }
    }
    return true;
}

static bool add_scheme(struct plugin_registry *registry, const struct authd_scheme *scheme,
                       const char *plugin, struct err *err)
{
    if (!check_scheme(scheme, plugin, err)) {
        return false;
    }
    for (size_t i = 0; i < registry->scheme_count; i++) {
        const struct authd_scheme *other = registry->schemes[i];
        if (strcasecmp(scheme->name, other->name) == 0 || prefixes_clash(scheme, other)) {
            return err_set(err,
                           "plugin %s: scheme %s has the name or a prefix of scheme %s of another "
                           "plugin: remove one of them from plugins",
                           plugin, scheme->name, other->name);
        }
    }
    size_t count = registry->scheme_count + 1;
    registry->schemes = mem_realloc(registry->schemes, (count + 1) * sizeof(*registry->schemes));
    registry->schemes[count - 1] = scheme;
    registry->schemes[count] = NULL;
    registry->scheme_count = count;
    return true;
}

static bool add_plugin(struct plugin_registry *registry, const struct authd_plugin *plugin,
                       struct err *err)
{
    const struct authd_mechanism *const *mechanism = plugin->mechanisms;
    for (; mechanism != NULL && *mechanism != NULL; mechanism++) {
        if (!add_mechanism(registry, *mechanism, plugin->name, err)) {
            return false;
        }
    }
    const struct authd_scheme *const *scheme = plugin->schemes;
    for (; scheme != NULL && *scheme != NULL; scheme++) {
        if (!add_scheme(registry, *scheme, plugin->name, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the registry ------------------------------------------------------------------ */

static bool check_names(const struct plugin_registry_options *options, struct err *err)
{
    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->names[i];
        if (!has_only(name, PLUGIN_NAME_MAX, "abcdefghijklmnopqrstuvwxyz0123456789-_")) {
            return err_set(err,
                           "plugins: \"%.64s\" is not the name of a plugin: it has up to %d "
                           "lower-case letters, digits, - and _, without directory or .so",
                           name, PLUGIN_NAME_MAX);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(options->names[j], name) == 0) {
                return err_set(err, "plugins: %s is listed twice: remove one", name);
            }
        }
    }
    return true;
}

static bool load_all(struct plugin_registry *registry,
                     const struct plugin_registry_options *options, struct err *err)
{
    struct module module = {.directory = options->directory};
    module.directory_fd = open_directory(options->directory, err);
    bool loaded = module.directory_fd >= 0;
    for (size_t i = 0; loaded && i < options->count; i++) {
        module.name = options->names[i];
        const struct authd_plugin *plugin = load(&module, err);
        loaded = plugin != NULL && check_plugin(plugin, module.name, err) &&
                 add_plugin(registry, plugin, err);
    }
    if (module.directory_fd >= 0) {
        close(module.directory_fd);
    }
    return loaded;
}

struct plugin_registry *plugin_registry_create(const struct plugin_registry_options *options,
                                               struct err *err)
{
    struct plugin_registry *registry = mem_new(struct plugin_registry);
    registry->mechanisms = mem_calloc(1, sizeof(*registry->mechanisms));
    registry->schemes = mem_calloc(1, sizeof(*registry->schemes));
    if (check_names(options, err) && load_all(registry, options, err)) {
        return registry;
    }
    plugin_registry_destroy(registry);
    return NULL;
}

void plugin_registry_destroy(struct plugin_registry *registry)
{
    if (registry == NULL) {
        return;
    }
    free(registry->mechanisms);
    free(registry->schemes);
    free(registry);
}

const struct authd_mechanism *const *
plugin_registry_mechanisms(const struct plugin_registry *registry)
{
    return registry->mechanisms;
}

const struct authd_scheme *const *plugin_registry_schemes(const struct plugin_registry *registry)
{
    return registry->schemes;
}

const struct authd_mechanism *plugin_registry_mechanism(const struct plugin_registry *registry,
                                                        const char *name)
{
    for (size_t i = 0; i < registry->mechanism_count; i++) {
        if (strcasecmp(registry->mechanisms[i]->name, name) == 0) {
            return registry->mechanisms[i];
        }
    }
    return NULL;
}
