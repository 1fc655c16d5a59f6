/* The configuration as libcyaml reads it: every scalar is still text, and NULL if the key is
 * missing. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>

#include <cyaml/cyaml.h>

#include "base/span.h"

struct raw_tls {
    char *certificate;
    char *key;
};

struct raw_listener {
    char *protocol;
    char *path;
    char *address;
    char *insecure_network;
    char *owner;
    char *group;
    char *mode;
    char **peers;
    unsigned peers_count;
    char *tempfail;
    char *identity;
    char *admin;
    struct raw_tls tls;
    char **trusted_proxies;
    unsigned trusted_proxies_count;
};

struct raw_database {
    char *mode;
    char *url;
    char *owner_url;
    char *read_connections;
};

struct raw_password {
    char *scheme;
    char *hash_memory;
    char *hash_passes;
    char *max_memory;
    char *max_time;
    char *min_length;
    char *min_length_with_factor;
    char *min_score;
    char **words;
    unsigned words_count;
};

struct raw_submission {
    char *host;
    char *port;
};

struct raw_mail {
    char *from;
    char *server;
};

struct raw_audit {
    char *retain_changes;
    char *retain_logins;
};

struct raw_factor_remember {
    char *duration;
    char *uses;
    char *network;
    char **shared;
    unsigned shared_count;
};

struct raw_log {
    char *format;
    char *level;
};

struct raw_config {
    char *state_dir;
    char *key_dir;
    char *user;
    char *default_domain;
    struct raw_database database;
    struct raw_listener *listeners;
    unsigned listeners_count;
    char *public_url;
    struct raw_submission submission;
    struct raw_mail mail;
    struct raw_password password;
    char *second_factor;
    char *second_factor_inline;
    char *second_factor_ahead;
    struct raw_factor_remember second_factor_remember;
    char *plugin_dir;
    char **plugins;
    unsigned plugins_count;
    char *workers;
    struct raw_audit audit;
    struct raw_log log;
};

/* Why libcyaml refused a file. */
struct schema_mistake {
    char path[192]; /* "listeners[1].mode" */
    char text[320]; /* what is wrong, and the remedy */
};

/* NULL: see `mistake`. `text` must be YAML that libyaml accepts, and must not be empty. */
struct raw_config *schema_load(struct span text, struct schema_mistake *mistake);
void schema_free(struct raw_config *raw); /* NULL is fine */

#endif
