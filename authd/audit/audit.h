/* The audit: a sealed record of every change and every login, in the database.
 *
 * The SQL functions that make a change record the change in the same transaction (schema/). This
 * file records logins, one batch a second, after the clients have their answers: the audit never
 * holds up a login. Logins that do not fit into a batch are counted, and the count is recorded.
 * When a second has many logins, its successful logins with equal contents become one row with a
 * count. Each second one node seals the new rows (audit/audit_seal.h); each hour expired rows are
 * removed (audit/audit_expire.h). */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "core/outcome.h"

struct audits;
struct core;

struct audit_options {
    const char *state_dir;    /* the folder of audit-heads; NULL: the file is not kept */
    int64_t retain_changes_s; /* seconds */
    int64_t retain_logins_s;  /* seconds */
};

struct audits *audits_create(struct core *core, struct audit_options options);
/* Records the waiting logins at once; the caller adds no more. True: every login is recorded, or
 * lost and counted. False: ask again. */
bool audits_drain(struct audits *audits);
void audits_destroy(struct audits *audits);

/* One login that has ended. Texts are copied; only `reference` may be NULL. */
struct audit_login {
    enum outcome outcome;
    enum reason reason;
    struct span login;      /* the canonical name, or the claimed one (any octets) without it */
    int64_t account;        /* 0: the name has no account, or the account is not known */
    const char *credential; /* the matched credential: "#p3", "#k7"; empty: none matched */
    const char *client;
    const char *peer;
    const char *service;
    const char *mechanism;
    const char *front;
    const char *reference; /* the reference in the client's answer; NULL: it had none */
    bool tls;
};

void audit_login(struct audits *audits, const struct audit_login *login);

#endif
