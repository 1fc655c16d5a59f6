/* The audit: what the database keeps of every change and every login, sealed.
 *
 * Changes are recorded by the functions that make them, in the same transaction (schema/). Logins
 * are recorded here, a batch a second, after they were answered: the audit never holds up a login.
 * What does not fit is counted, and the count is recorded; alike successful logins of one second
 * become one row with a count when there are many. Each second one node puts a seal over what is
 * new (core/audit_seal.h), each hour what is too old goes. */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "core/outcome.h"

struct audits;
struct core;

struct audit_options {
    const char *state_dir;    /* where audit-heads is; NULL: nowhere */
    int64_t retain_changes_s; /* seconds */
    int64_t retain_logins_s;
};

struct audits *audits_create(struct core *core, struct audit_options options);
/* There are no more logins to come: records at once what waits. True: everything is recorded, or
 * lost and counted. */
bool audits_drain(struct audits *audits);
void audits_destroy(struct audits *audits);

/* One login that has ended. Texts are copied, none but `reference` is NULL. */
struct audit_login {
    enum outcome outcome;
    enum reason reason;
    struct span login;      /* canonical, or what was claimed instead; any octets */
    int64_t account;        /* 0: none, or not known */
    const char *credential; /* by what: "#p3", "#k7"; empty: by nothing */
    const char *client;
    const char *peer;
    const char *service;
    const char *mechanism;
    const char *front;
    const char *reference; /* NULL: nobody was told one */
    bool tls;
};

void audit_login(struct audits *audits, const struct audit_login *login);

#endif
