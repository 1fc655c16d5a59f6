#include "audit/audit_expire.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/audit_call.h"
#include "core/core.h"
#include "crypto/key.h"
#include "store/db.h"

#define FIRST_MS    5000
#define EVERY_MS    (60 * 60 * 1000)
#define ROWS_BOUND  5000 /* deleted in a fraction of a second */
#define SEALS_BOUND 10000
#define DATABASE_MS 10000

enum step { EXPIRE_LOGINS, EXPIRE_CHANGES, PRUNE_SEALS, STEPS };

struct audit_expiry {
    struct core *core;
    struct audit_options options;
    struct db_unit *unit;
    enum step step;
    int64_t gone[STEPS]; // how many rows each step of this run removed
    int64_t next;        // clock_ms() from which the next run begins
};

static void expiry_report(struct audit_expiry *expiry)
{
    struct log_line line;

    if (expiry->gone[EXPIRE_LOGINS] == 0 && expiry->gone[EXPIRE_CHANGES] == 0) {
        return;
    }
    log_begin(&line, LOG_INFO, "audit-expired");
    log_number(&line, "logins", expiry->gone[EXPIRE_LOGINS]);
    log_number(&line, "changes", expiry->gone[EXPIRE_CHANGES]);
    log_number(&line, "seals", expiry->gone[PRUNE_SEALS]);
    log_end(&line);
}

static void expiry_finish(struct audit_expiry *expiry)
{
    expiry_report(expiry);
    expiry->step = EXPIRE_LOGINS;
    expiry->next = clock_ms() + EVERY_MS;
    for (unsigned step = 0; step < STEPS; step++) {
        expiry->gone[step] = 0;
    }
}

/* The next tick asks for the next piece: one piece a second leaves the database to the logins. */
static void expiry_done(const struct db_result *result, void *arg)
{
    struct audit_expiry *expiry = arg;

    expiry->unit = NULL;
    if (result->status != DB_OK) {
        return; /* the next tick tries again */
    }
    int64_t gone = db_int(result, 0, 0);

    expiry->gone[expiry->step] += gone;
    expiry->step += gone == 0;
    if (expiry->step == STEPS) {
        expiry_finish(expiry);
    }
}

/* Adds the tag of the row that says what was deleted. */
static void expiry_tag(struct audit_expiry *expiry, const char *operation)
{
    char *call = audit_call_own(&expiry->core->keys->audit, operation, 1, SPAN_LITERAL(""));

    db_unit_text(expiry->unit, call);
    free(call);
}

void audit_expiry_tick(struct audit_expiry *expiry)
{
    if (expiry->unit != NULL || clock_ms() < expiry->next) {
        return;
    }
    if (expiry->step == PRUNE_SEALS) {
        expiry->unit = db_unit_create(STATEMENT_AUDIT_PRUNE);
        db_unit_int(expiry->unit, SEALS_BOUND);
        expiry_tag(expiry, "audit_prune");
    } else {
        bool logins = expiry->step == EXPIRE_LOGINS;

        expiry->unit = db_unit_create(STATEMENT_AUDIT_EXPIRE);
        db_unit_text(expiry->unit, logins ? "login" : "change");
        db_unit_int(expiry->unit,
                    logins ? expiry->options.retain_logins_s : expiry->options.retain_changes_s);
        db_unit_int(expiry->unit, ROWS_BOUND);
        expiry_tag(expiry, "audit_expire");
    }
    db_run(expiry->core->db, expiry->unit, DATABASE_MS, expiry_done, expiry);
}

struct audit_expiry *audit_expiry_create(struct core *core, const struct audit_options *options)
{
    struct audit_expiry *expiry = mem_new(struct audit_expiry);

    expiry->core = core;
    expiry->options = *options;
    expiry->next = clock_ms() + FIRST_MS;
    return expiry;
}

void audit_expiry_destroy(struct audit_expiry *expiry)
{
    if (expiry == NULL) {
        return;
    }
    if (expiry->unit != NULL) {
        db_cancel(expiry->unit);
    }
    free(expiry);
}
