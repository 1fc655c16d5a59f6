/* The configuration file: YAML that libcyaml reads against a schema; the values are checked and
 * turned into plain types. docs/authd.yaml.md is its manual.
 *
 * Every mistake is one line that names the file, the key and the remedy, and authd does not start.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "audit/audit.h"
#include "base/err.h"
#include "base/log.h"
#include "core/network.h"
#include "core/site.h"
#include "credential/factor_rules.h"
#include "credential/password_strength.h"

enum config_protocol { CONFIG_DOVECOT, CONFIG_SASLAUTHD, CONFIG_HTTP };

struct config_listener {
    enum config_protocol protocol;
    char *path;    /* absolute; NULL: the listener has an address */
    char *address; /* "127.0.0.1:12345"; NULL: the listener has a path */
    /* Owner of the unix socket; (uid_t)-1: unchanged. Default: `user` if authd was started as
     * root. */
    uid_t owner;
    /* Group of the unix socket; (gid_t)-1: unchanged. Default: the group of `user` if authd was
     * started as root. */
    gid_t group;
    mode_t mode;
    uid_t *peers;
    unsigned peer_count; /* 0: every user that can open the socket */
    bool insecure_network;
    bool tempfail_reply; /* dovecot: `tempfail: reply`; otherwise disconnect */
    bool tagged;         /* dovecot: `identity: tagged`; otherwise plain */
    bool admin_by_peer;  /* http: `admin: peer` */
    char *certificate;   /* http: tls.certificate, absolute; NULL: no TLS */
    char *key;           /* tls.key, absolute */
    /* http: proxies whose headers about their clients are believed. */
    struct network *trusted_proxies;
    size_t trusted_proxy_count;
};

struct config {
    char *state_dir; /* absolute; NULL: not set (only with an external database) */
    char *key_dir;   /* absolute */
    char *user;      /* name of the user that authd becomes when it is started as root */
    uid_t uid;
    gid_t gid;
    char *default_domain; /* canonical; NULL: none */

    bool embedded;   /* database.mode */
    char *url;       /* the service role's, with an external database; otherwise NULL */
    char *owner_url; /* the owner role's, with an external database; otherwise NULL */
    unsigned read_connections;

    struct config_listener *listeners;
    size_t listener_count;

    struct public_url public_url;
    char *submission_host; /* NULL: not set */
    uint16_t submission_port;
    char *mail_from;   /* canonical; NULL: none */
    char *mail_server; /* smtp://address:port */

    char *scheme;         /* password.scheme: the scheme of new hashes */
    uint64_t hash_memory; /* bytes */
    uint32_t hash_passes;
    uint64_t max_memory; /* the most bytes that checking a stored hash may take */
    /* About the longest time that checking a stored hash may take. */
    uint64_t max_time_ms;
    struct password_rules password_rules;
    char **words; /* owns the words of the rules */

    struct factor_rules factor_rules;
    struct network *remember_shared; /* holds the entries of second_factor_remember.shared */

    char *plugin_dir; /* absolute; NULL: next to the program, or in the install prefix */
    char **plugins;
    size_t plugin_count;
    unsigned workers; /* 0: one per core */

    uint64_t retain_changes_ms; /* how long the audit keeps changes */
    uint64_t retain_logins_ms;  /* how long the audit keeps logins */

    enum log_level log_level;
    enum log_format log_format;
};

/* NULL: see `err`. */
struct config *config_load(const char *path, struct err *err);
void config_destroy(struct config *config); /* NULL is fine */

/* The part of the configuration that the core needs; valid as long as `config`. */
struct site config_site(const struct config *config);
struct audit_options config_audit(const struct config *config);

/* Prints YAML with every key, and as comments its meaning, unit and default. */
void config_print_defaults(FILE *out);

#endif
