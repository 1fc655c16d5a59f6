/* What every request of the core shares. Built by services.c, read-only afterwards. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "core/clock_watch.h"
#include "core/site.h"
#include "crypto/password.h"

struct audits;
struct db;
struct key_ring;
struct keyring;
struct last_uses;
struct lookup;
struct loop;
struct notices;
struct registry;
struct rekeys;
struct reseals;
struct scope_cache;
struct upgrades;
struct workers;

struct core {
    struct loop *loop;
    struct db *db;
    struct lookup *lookup;
    struct workers *hashers; /* the hash lane */
    struct workers *mailers; /* hands mail over */
    struct upgrades *upgrades;
    struct last_uses *last_uses;
    struct scope_cache *scopes;
    struct audits *audits;
    struct notices *notices;
    const struct registry *registry;
    const struct key_ring *keys; /* replaced in place: see core/keyring.h */
    struct keyring *keyring;
    struct reseals *reseals;
    struct rekeys *rekeys;
    struct password_schemes schemes;
    const char *default_domain; /* NULL: a login must have its own */
    struct site site;
    struct clock_watch clock;
};

#endif
