/* The parts that all requests of the core share. services.c builds the struct. Afterwards it is
 * read-only, except `clock` and the keys that `keys` points to. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "core/clock_watch.h"
#include "core/site.h"
#include "crypto/password_scheme.h"

struct audits;
struct db;
struct key_ring;
struct key_follow;
struct last_uses;
struct account_lookup;
struct loop;
struct notices;
struct plugin_registry;
struct rekeys;
struct reencrypt;
struct scope_cache;
struct password_upgrades;
struct workers;

struct core {
    struct loop *loop;
    struct db *db;
    struct account_lookup *lookup;
    struct workers *hashers; /* the hash lane: checks and makes password hashes */
    struct workers *mailers; /* the mail lane: hands mail messages to the mail server */
    struct password_upgrades *upgrades;
    struct last_uses *last_uses;
    struct scope_cache *scopes;
    struct audits *audits;
    struct notices *notices;
    const struct plugin_registry *registry;
    const struct key_ring *keys; /* changes in place: see keys/key_follow.h */
    struct key_follow *key_follow;
    struct reencrypt *reencrypt;
    struct rekeys *rekeys;
    struct password_schemes schemes;
    const char *default_domain; /* NULL: a login must have its own domain */
    struct site site;
    struct clock_watch clock;
};

#endif
