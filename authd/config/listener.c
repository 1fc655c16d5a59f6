/* The listeners. Threat: a socket that is open to more peers than its administrator meant.
 * Therefore the default mode admits the owner alone, a key that does not apply to the protocol is a
 * mistake, and a listener that takes passwords from other machines in clear needs a key with
 * "insecure" in its name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/reader.h"
#include "config/value.h"
#include "core/network.h"
#include "loop/listen.h"

static const char *const protocols[] = {"dovecot", "saslauthd", "http", NULL};
static const char *const tempfails[] = {"disconnect", "reply", NULL};
static const char *const identities[] = {"plain", "tagged", NULL};
static const char *const admins[] = {"peer", NULL};

_Static_assert(CONFIG_DOVECOT == 0 && CONFIG_SASLAUTHD == 1 && CONFIG_HTTP == 2,
               "protocols[] follows enum config_protocol");

/* A listener while it is read. */
struct entry {
    const struct reader *reader;
    const struct raw_listener *raw;
    struct config_listener *listener;
    size_t number; /* from 1 */
    char path[READER_PATH_MAX];
};

/* The path of a key of this listener, such as "listeners[2].mode"; valid until the next call. */
static const char *key_of(struct entry *entry, const char *name)
{
    snprintf(entry->path, sizeof(entry->path), "listeners[%zu].%s", entry->number, name);
    return entry->path;
}

static bool read_bool(struct entry *entry, const char *name, const char *text, bool *out)
{
    struct err problem;
    return config_value_bool(text, out, &problem) ||
           reader_fail_value(entry->reader, key_of(entry, name), text, problem.text);
}

static bool read_path(struct entry *entry)
{
    const struct raw_listener *raw = entry->raw;
    struct config_listener *listener = entry->listener;

    if (raw->insecure_network != NULL) {
        return reader_fail(entry->reader, key_of(entry, "insecure_network"),
                           "applies only to a listener with an address; remove it");
    }
    listener->path = reader_path(entry->reader, key_of(entry, "path"), raw->path);
    if (listener->path == NULL) {
        return false;
    }
    if (strlen(listener->path) > LISTEN_PATH_MAX) {
        return reader_fail(entry->reader, key_of(entry, "path"),
                           "\"%s\" is too long for a socket: %zu octets, at most %d; "
                           "use a shorter directory",
                           listener->path, strlen(listener->path), LISTEN_PATH_MAX);
    }
    return true;
}

static bool read_address(struct entry *entry)
{
    const struct raw_listener *raw = entry->raw;
    const char *const unix_only[][2] = {
        {"owner", raw->owner}, {"group", raw->group}, {"mode", raw->mode}, {"admin", raw->admin}};
    struct err problem;
    bool loopback = false;

    for (size_t i = 0; i < sizeof(unix_only) / sizeof(unix_only[0]); i++) {
        if (unix_only[i][1] != NULL) {
            return reader_fail(entry->reader, key_of(entry, unix_only[i][0]),
                               "applies only to a unix socket; remove it, or use path");
        }
    }
    if (raw->peers_count > 0) {
        return reader_fail(entry->reader, key_of(entry, "peers"),
                           "the user of a TCP peer is not known; remove it, or use path");
    }
    if (!config_value_address(raw->address, &loopback, &problem)) {
        return reader_fail_value(entry->reader, key_of(entry, "address"), raw->address,
                                 problem.text);
    }
    if (raw->insecure_network != NULL &&
        !read_bool(entry, "insecure_network", raw->insecure_network,
                   &entry->listener->insecure_network)) {
        return false;
    }
    if (!loopback && !entry->listener->insecure_network && raw->tls.certificate == NULL) {
        return reader_fail(
            entry->reader, key_of(entry, "address"),
            "\"%s\" is not loopback, and passwords would cross the network in clear; "
            "use 127.0.0.1 or a path%s, or accept it by insecure_network: true",
            raw->address, entry->listener->protocol == CONFIG_HTTP ? ", or tls" : "");
    }
    entry->listener->address = mem_strdup(raw->address);
    return true;
}

static bool read_place(struct entry *entry)
{
    if ((entry->raw->path != NULL) == (entry->raw->address != NULL)) {
        char place[READER_PATH_MAX];
        snprintf(place, sizeof(place), "listeners[%zu]", entry->number);
        return reader_fail(entry->reader, place, "has %s; give it one of them",
                           entry->raw->path != NULL ? "both path and address"
                                                    : "neither path nor address");
    }
    return entry->raw->path != NULL ? read_path(entry) : read_address(entry);
}

static bool read_access(struct entry *entry)
{
    const struct raw_listener *raw = entry->raw;
    struct config_listener *listener = entry->listener;
    struct err problem;
    const char *mode = reader_default(raw->mode, "listeners[].mode");

    if (raw->owner != NULL && !config_value_user(raw->owner, &listener->owner, &problem)) {
        return reader_fail_value(entry->reader, key_of(entry, "owner"), raw->owner, problem.text);
    }
    if (raw->group != NULL && !config_value_group(raw->group, &listener->group, &problem)) {
        return reader_fail_value(entry->reader, key_of(entry, "group"), raw->group, problem.text);
    }
    if (!config_value_mode(mode, &listener->mode, &problem)) {
        return reader_fail_value(entry->reader, key_of(entry, "mode"), mode, problem.text);
    }
    if (raw->peers_count == 0) {
        return true;
    }
    listener->peers = mem_calloc(raw->peers_count, sizeof(*listener->peers));
    for (; listener->peer_count < raw->peers_count; listener->peer_count++) {
        const char *peer = raw->peers[listener->peer_count];
        if (!config_value_user(peer, &listener->peers[listener->peer_count], &problem)) {
            char name[32];
            snprintf(name, sizeof(name), "peers[%u]", listener->peer_count + 1);
            return reader_fail_value(entry->reader, key_of(entry, name), peer, problem.text);
        }
    }
    return true;
}

static bool read_tls(struct entry *entry)
{
    const struct raw_tls *raw = &entry->raw->tls;
    struct config_listener *listener = entry->listener;
    const char *missing = raw->certificate == NULL ? "certificate"
                          : raw->key == NULL       ? "key"
                                                   : NULL;

    if (raw->certificate == NULL && raw->key == NULL) {
        return true;
    }
    if (missing != NULL) {
        return reader_fail(entry->reader, key_of(entry, "tls"),
                           "the key \"%s\" is missing; TLS needs certificate and key", missing);
    }
    listener->certificate =
        reader_path(entry->reader, key_of(entry, "tls.certificate"), raw->certificate);
    if (listener->certificate == NULL) {
        return false;
    }
    listener->key = reader_path(entry->reader, key_of(entry, "tls.key"), raw->key);
    return listener->key != NULL;
}

static bool read_proxies(struct entry *entry)
{
    const struct raw_listener *raw = entry->raw;
    struct config_listener *listener = entry->listener;

    listener->trusted_proxies =
        mem_calloc(raw->trusted_proxies_count, sizeof(*listener->trusted_proxies));
    for (size_t i = 0; i < raw->trusted_proxies_count; i++) {
        char name[40];

        snprintf(name, sizeof(name), "trusted_proxies[%zu]", i + 1);
        if (!reader_network(entry->reader, key_of(entry, name), raw->trusted_proxies[i],
                            &listener->trusted_proxies[i])) {
            return false;
        }
        listener->trusted_proxy_count++;
    }
    return true;
}

/* Reads the keys of http. All of them but `admin` need an address. */
static bool read_http(struct entry *entry)
{
    const struct raw_listener *raw = entry->raw;
    const struct {
        const char *name;
        bool there;
        bool network;
    } keys[] = {{"admin", raw->admin != NULL, false},
                {"tls", raw->tls.certificate != NULL || raw->tls.key != NULL, true},
                {"trusted_proxies", raw->trusted_proxies_count > 0, true}};
    unsigned choice = 0;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i].there && entry->listener->protocol != CONFIG_HTTP) {
            return reader_fail(entry->reader, key_of(entry, keys[i].name),
                               "applies only to protocol http; remove it");
        }
        if (keys[i].there && keys[i].network && raw->address == NULL) {
            return reader_fail(entry->reader, key_of(entry, keys[i].name),
                               "applies only to a listener with an address; remove it");
        }
    }
    if (raw->admin != NULL &&
        !reader_choice(entry->reader, key_of(entry, "admin"), raw->admin, admins, &choice)) {
        return false;
    }
    entry->listener->admin_by_peer = raw->admin != NULL;
    return read_tls(entry) && read_proxies(entry);
}

/* Reads the keys of dovecot. */
static bool read_dovecot_keys(struct entry *entry)
{
    const struct raw_listener *raw = entry->raw;
    struct config_listener *listener = entry->listener;
    const char *const dovecot_only[][2] = {{"tempfail", raw->tempfail},
                                           {"identity", raw->identity}};
    unsigned choice = 0;

    for (size_t i = 0; i < 2 && listener->protocol != CONFIG_DOVECOT; i++) {
        if (dovecot_only[i][1] != NULL) {
            return reader_fail(entry->reader, key_of(entry, dovecot_only[i][0]),
                               "applies only to protocol dovecot; remove it");
        }
    }
    if (!reader_choice(entry->reader, key_of(entry, "tempfail"),
                       reader_default(raw->tempfail, "listeners[].tempfail"), tempfails, &choice)) {
        return false;
    }
    listener->tempfail_reply = choice == 1;
    if (!reader_choice(entry->reader, key_of(entry, "identity"),
                       reader_default(raw->identity, "listeners[].identity"), identities,
                       &choice)) {
        return false;
    }
    listener->tagged = choice == 1;
    return true;
}

static bool read_listener(struct entry *entry)
{
    unsigned protocol = 0;
    if (!reader_choice(entry->reader, key_of(entry, "protocol"), entry->raw->protocol, protocols,
                       &protocol)) {
        return false;
    }
    entry->listener->protocol = (enum config_protocol)protocol;
    return read_place(entry) && read_access(entry) && read_dovecot_keys(entry) && read_http(entry);
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Two listeners must not share a path or an address: the second would replace the first. */
static bool check_unique(struct entry *entry, const struct config *config)
{
    for (size_t i = 0; i + 1 < entry->number; i++) {
        const struct config_listener *other = &config->listeners[i];
        bool path = same(entry->listener->path, other->path);
        if (path || same(entry->listener->address, other->address)) {
            const char *name = path ? "path" : "address";
            return reader_fail(entry->reader, key_of(entry, name),
                               "is also that of listeners[%zu]; give each listener its own", i + 1);
        }
    }
    return true;
}

bool config_read_listeners(const struct reader *reader, const struct raw_config *raw,
                           struct config *config)
{
    config->listeners = mem_calloc(raw->listeners_count, sizeof(*config->listeners));
    config->listener_count = raw->listeners_count;
    bool root = geteuid() == 0;
    for (size_t i = 0; i < config->listener_count; i++) {
        struct entry entry = {
            .reader = reader,
            .raw = &raw->listeners[i],
            .listener = &config->listeners[i],
            .number = i + 1,
        };
        entry.listener->owner = root ? config->uid : (uid_t)-1;
        entry.listener->group = root ? config->gid : (gid_t)-1;
        if (!read_listener(&entry) || !check_unique(&entry, config)) {
            return false;
        }
    }
    return true;
}
