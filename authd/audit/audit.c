/* Threats: a flood of logins (logins beyond one batch a second are counted, and the count is
 * recorded); a database that cannot be reached (one batch waits to be sent again under its number,
 * so that the database records it once; the next batch fills up and counts further logins). */
#include "audit/audit.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/audit_batch.h"
#include "audit/audit_expire.h"
#include "audit/audit_private.h"
#include "audit/audit_seal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/audit_call.h"
#include "core/core.h"
#include "crypto/key.h"
#include "loop/loop.h"
#include "store/db.h"

#define TICK_MS     1000
#define DATABASE_MS 10000
/* Enough for any batch: escaping makes at most six octets of one. */
#define BATCH_TEXT_MAX (64 * 1024 * 1024)

struct audits {
    struct core *core;
    char node[17];
    struct event timer;
    struct audit_batch waiting;
    struct buf sent;        // JSON of the batch on its way; empty: no batch is on its way
    int64_t sent_number;    // the number of the newest batch in `sent`
    int64_t sent_logins;    // how many logins the batch in `sent` stands for
    int64_t sent_oldest;    // milliseconds: how old the oldest login in `sent` was at `sent_at`
    int64_t sent_at;        // clock_ms() when the batch in `sent` was made
    int64_t lost_logged;    // how many of the lost logins in `waiting` are in the log already
    unsigned tries;         // how often `sent` was sent
    struct audit_call call; // the call that carries `sent`
    struct db_unit *unit;   // carries `sent`; NULL while `sent` is filled: send the batch again
    bool draining;
    struct audit_sealer *sealer;
    struct audit_expiry *expiry;
};

/* ---- batches ------------------------------------------------------------------------------- */

static void audits_send(struct audits *audits);

static void audits_name(struct audits *audits)
{
    uint64_t random;

    secret_random(&random, sizeof(random));
    snprintf(audits->node, sizeof(audits->node), "%016" PRIx64, random);
}

static void log_lost(int64_t logins, const char *why)
{
    struct log_line line;

    log_begin(&line, LOG_ERROR, "audit-lost");
    log_number(&line, "logins", logins);
    log_text(&line, "why", why);
    log_end(&line);
}

static void batch_lose(struct audits *audits, const char *why)
{
    log_lost(audits->sent_logins, why);
    audits->lost_logged += audits->sent_logins;
    audits->waiting.lost += audits->sent_logins;
    audits->sent.len = 0;
}

/* Gives the batch a nonce. The tag is made when the batch is sent, because it covers the wait. */
static void batch_begin(struct audits *audits)
{
    const struct span batch = {audits->sent.data, audits->sent.len - 1};

    audits->tries = 0;
    audit_call_begin(&audits->call, &audits->core->keys->audit, batch);
}

/* The database claims to have this batch, although authd has sent it once only: somebody has
 * changed authd.audit_batch. The batch is sent again under another name. */
static void batch_rename(struct audits *audits)
{
    static const char before[] = "{\"node\":\"";

    log_message(LOG_ERROR, "audit-flaw",
                "the database refused batch %" PRId64
                " of node %s as one that it has, but it was not sent before: somebody has changed "
                "authd.audit_batch; authd sends it again under another name",
                audits->sent_number, audits->node);
    audits_name(audits);
    memcpy(audits->sent.data + sizeof(before) - 1, audits->node, sizeof(audits->node) - 1);
    batch_begin(audits);
}

static void batch_sent(const struct db_result *result, void *arg)
{
    struct audits *audits = arg;

    audits->unit = NULL;
    if (result->status == DB_OK && db_text(result, 0, 0) == NULL && audits->tries == 1) {
        batch_rename(audits);
    } else if (result->status == DB_OK) {
        audits->sent.len = 0;
    } else if (result->status == DB_REFUSED) {
        batch_lose(audits, result->message);
    } else if (audits->draining) {
        batch_lose(audits, "the database cannot be reached, and authd is stopping");
        return;
    }
    if (audits->draining) {
        audits_send(audits);
    }
}

/* Moves the waiting batch into `sent`. */
static void batch_take(struct audits *audits)
{
    struct audit_batch_name name = {audits->node, ++audits->sent_number};

    if (audits->waiting.lost > audits->lost_logged) {
        log_lost(audits->waiting.lost - audits->lost_logged, "more came than a batch holds");
    }
    audits->lost_logged = 0;
    audits->sent_at = clock_ms();
    audits->sent_logins = audit_batch_logins(&audits->waiting);
    audits->sent_oldest = audit_batch_age(&audits->waiting, audits->sent_at);
    audits->call = (struct audit_call){
        .operation = "audit_logins",
        .rows = audits->waiting.count,
    };
    audit_batch_print(&audits->waiting, &name, audits->sent_at, &audits->sent);
    buf_append(&audits->sent, "", 1);
    audit_batch_clear(&audits->waiting);
    if (audits->sent.overflow) {
        abort(); /* BATCH_TEXT_MAX is enough for any batch */
    }
    batch_begin(audits);
}

static void unit_tag(struct db_unit *unit, const struct audit_call *call, const struct key *key)
{
    json_t *object = audit_call_json(call, key);
    char *text = json_dumps(object, JSON_COMPACT);

    db_unit_text(unit, text);
    free(text);
    json_decref(object);
}

static void audits_send(struct audits *audits)
{
    bool something = audits->waiting.count > 0 || audits->waiting.lost > 0;

    if (audits->unit != NULL || (audits->sent.len == 0 && !something)) {
        return;
    }
    if (audits->sent.len == 0) {
        batch_take(audits);
    }
    int64_t waited = clock_ms() - audits->sent_at;

    audits->tries++;
    audits->unit = db_unit_create(STATEMENT_AUDIT_LOGINS);
    db_unit_text(audits->unit, audits->sent.data);
    db_unit_int(audits->unit, waited);
    audits->call.waited = audits->sent_oldest + waited;
    unit_tag(audits->unit, &audits->call, &audits->core->keys->audit);
    db_run(audits->core->db, audits->unit, DATABASE_MS, batch_sent, audits);
}

void audit_login(struct audits *audits, const struct audit_login *login)
{
    audit_batch_add(&audits->waiting, login, clock_ms());
}

/* ---- life ---------------------------------------------------------------------------------- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct audits *audits = arg;

    (void)fd;
    (void)what;
    audits_send(audits);
    audit_sealer_tick(audits->sealer);
    audit_expiry_tick(audits->expiry);
}

struct audits *audits_create(struct core *core, struct audit_options options)
{
    const struct timeval tick = {.tv_sec = TICK_MS / 1000};
    struct audits *audits = mem_new(struct audits);

    audits->core = core;
    audits_name(audits);
    buf_init(&audits->sent, BATCH_TEXT_MAX);
    audits->sealer = audit_sealer_create(core, options.state_dir);
    audits->expiry = audit_expiry_create(core, &options);
    event_assign(&audits->timer, loop_base(core->loop), -1, EV_PERSIST, on_tick, audits);
    event_add(&audits->timer, &tick);
    return audits;
}

bool audits_drain(struct audits *audits)
{
    audits->draining = true;
    audits_send(audits);
    return audits->unit == NULL && audits->waiting.count == 0 && audits->sent.len == 0;
}

const struct audit_anchor *audits_anchor(const struct audits *audits)
{
    return audit_sealer_anchor(audits->sealer);
}

void audits_destroy(struct audits *audits)
{
    if (audits == NULL) {
        return;
    }
    event_del(&audits->timer);
    if (audits->unit != NULL) {
        db_cancel(audits->unit);
    }
    audit_expiry_destroy(audits->expiry);
    audit_sealer_destroy(audits->sealer);
    audit_batch_clear(&audits->waiting);
    buf_finish(&audits->sent);
    free(audits);
}
