/* Threat: an attacker who writes in the database and wants the audit to look untouched. The check
 * trusts only the audit's key, this node's audit-heads and the caller's anchor. Limit: the rows
 * come from the database server, so an attacker who controls the server during the check can
 * present another database. */
#include "audit/audit_verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_chain.h"
#include "audit/audit_private.h"
#include "audit/audit_read.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/core.h"
#include "crypto/key.h"
#include "loop/loop.h"
#include "store/db.h"

#define BUDGET_MS      5000
#define DATABASE_MS    12000
#define ROWS_AT_A_TIME 2000 /* the loop hashes them in a few milliseconds */
#define UNLISTED_BOUND 5000
#define ENTRIES_BOUND  4   /* of the queue, each with at most 1000 rows */
#define SEALS_MAX      500 /* authd.audit_seals() returns no more */
#define RETRIES_MAX    3

struct audit_verify {
    struct core *core;
    result_done_f *done;
    void *arg;
    struct db_unit *unit;
    struct loop_hook refusal;
    int64_t deadline; // clock_ms() from which the call answers with what it has checked
    struct audit_chain check;
    struct audit_chain_seal seals[SEALS_MAX]; // one page of the chain
    int64_t rows[SEALS_MAX];                  // how many rows each of them lists
    size_t count;                             // how many seals the page has
    size_t at;                                // index of the first seal that is not checked yet
    size_t until; // seals from `at` to before this index are being checked
    unsigned retries;
    enum { PHASE_QUEUE, PHASE_SEALS, PHASE_ROWS } phase;
    bool begun;    // `place` is set: the phase of the queue or of the rows goes on
    int64_t place; // the last entry of the queue, or the last row, that was looked at
    bool fresh;    // the caller gave no "after": the check begins at the start
};

static void verify_queue(struct audit_verify *verify);
static void verify_seals(struct audit_verify *verify);
static void verify_part(struct audit_verify *verify);
static void verify_unlisted(struct audit_verify *verify);

/* ---- the end ------------------------------------------------------------------------------- */

static void verify_free(struct audit_verify *verify)
{
    audit_chain_finish(&verify->check);
    free(verify);
}

static void verify_refuse(struct audit_verify *verify, const struct result *result)
{
    verify->done(result, verify->arg);
    verify_free(verify);
}

static void verify_answer(struct audit_verify *verify, bool complete)
{
    struct audit_chain *check = &verify->check;
    char next[AUDIT_MAC_HEX + 64];
    struct log_line line;

    if (verify->phase != PHASE_SEALS) {
        snprintf(next, sizeof(next), "%s %" PRId64, verify->phase == PHASE_ROWS ? "row" : "queue",
                 verify->place);
    } else {
        snprintf(next, sizeof(next), "seal %" PRId64 " %s", check->last.number, check->last.mac);
    }
    log_begin(&line, check->flaw_count > 0 ? LOG_ERROR : LOG_INFO, "audit-verify");
    log_number(&line, "seals", check->seals);
    log_number(&line, "rows", check->rows);
    log_number(&line, "flaws", check->flaw_count);
    log_text(&line, "complete", complete ? "yes" : "no");
    log_end(&line);

    struct result result = {
        .status = RESULT_OK,
        .object = audit_chain_report(check, complete ? NULL : next),
    };

    verify->done(&result, verify->arg);
    json_decref(result.object);
    verify_free(verify);
}

/* True: the database did not answer, and the caller has the error. `verify` is gone then. */
static bool verify_failed(struct audit_verify *verify, const struct db_result *result)
{
    verify->unit = NULL;
    if (result->status == DB_OK) {
        return false;
    }
    verify_refuse(verify, &(struct result){
                              .status = RESULT_UNAVAILABLE,
                              .detail = "the database did not answer; nothing is known about the "
                                        "audit",
                              .hint = "Try again.",
                              .cause = result->message != NULL ? result->message : "database",
                          });
    return true;
}

static bool verify_is_late(const struct audit_verify *verify)
{
    return clock_ms() >= verify->deadline;
}

static void verify_ask(struct audit_verify *verify, struct db_unit *unit, db_done_f *done)
{
    verify->unit = unit;
    db_run(verify->core->db, unit, DATABASE_MS, done, verify);
}

/* ---- rows of no seal ----------------------------------------------------------------------- */

static void unlisted_read(const struct db_result *result, void *arg)
{
    struct audit_verify *verify = arg;

    if (verify_failed(verify, result)) {
        return;
    }
    json_t *page = json_loads(db_text(result, 0, 0), 0, NULL);
    json_t *upto = json_object_get(page, "upto");
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(page, "rows"), i, row)
    {
        audit_chain_unlisted(&verify->check, row);
    }
    verify->place = json_integer_value(upto);
    verify->begun = true;

    bool end = !json_is_integer(upto);

    json_decref(page);
    if (end || verify_is_late(verify)) {
        verify_answer(verify, end);
    } else {
        verify_unlisted(verify);
    }
}

/* Adds the place from which a phase goes on; NULL: from its start. */
static void verify_place(struct audit_verify *verify, struct db_unit *unit, unsigned phase)
{
    if (verify->phase != phase) {
        verify->phase = phase;
        verify->begun = false;
    }
    if (verify->begun) {
        db_unit_int(unit, verify->place);
    } else {
        db_unit_text(unit, NULL);
    }
}

static void verify_unlisted(struct audit_verify *verify)
{
    struct db_unit *unit = db_unit_create(STATEMENT_AUDIT_UNLISTED);

    verify_place(verify, unit, PHASE_ROWS);
    db_unit_int(unit, UNLISTED_BOUND);
    verify_ask(verify, unit, unlisted_read);
}

/* ---- the queue ----------------------------------------------------------------------------- */

static void queue_read(const struct db_result *result, void *arg)
{
    struct audit_verify *verify = arg;

    if (verify_failed(verify, result)) {
        return;
    }
    for (int i = 0; i < result->rows; i++) {
        struct audit_chain_row item;
        const char *entry = audit_read_waiting(result, i, &verify->place, &item);

        audit_chain_waiting(&verify->check, verify->place, entry, &item);
        verify->begun = true;
    }
    if (result->rows == 0) {
        verify->phase = PHASE_SEALS;
        verify_seals(verify);
    } else if (verify_is_late(verify)) {
        verify_answer(verify, false);
    } else {
        verify_queue(verify);
    }
}

/* The queue comes before the seals: a row that is sealed meanwhile is checked twice, not missed. */
static void verify_queue(struct audit_verify *verify)
{
    struct db_unit *unit = db_unit_create(STATEMENT_AUDIT_WAITING);

    verify_place(verify, unit, PHASE_QUEUE);
    db_unit_int(unit, ENTRIES_BOUND);
    verify_ask(verify, unit, queue_read);
}

/* ---- seals and their rows ------------------------------------------------------------------ */

static size_t check_one(struct audit_verify *verify, const struct audit_chain_seal *seal,
                        const struct db_result *result, size_t from)
{
    size_t row = from;

    audit_chain_begin(&verify->check, seal);
    while (result != NULL && row < (size_t)result->rows &&
           audit_read_row_seal(result, (int)row) == seal->number) {
        int i = (int)row++;

        struct audit_chain_row item;

        audit_read_row(result, i, &item);
        audit_chain_row(&verify->check, &item);
    }
    audit_chain_end(&verify->check);
    return row;
}

/* Whether rows of these seals expired between the two queries. That is no flaw: read the seals
 * again. */
static bool expired_meanwhile(struct audit_verify *verify, const struct db_result *result)
{
    size_t row = 0;

    for (size_t i = verify->at; i < verify->until; i++) {
        const struct audit_chain_seal *seal = &verify->seals[i];
        size_t before = row;

        while (row < (size_t)result->rows &&
               audit_read_row_seal(result, (int)row) == seal->number) {
            row++;
        }
        if (seal->kept && row == before && verify->retries < RETRIES_MAX) {
            verify->retries++;
            return true;
        }
    }
    return false;
}

static void verify_go_on(struct audit_verify *verify)
{
    if (verify_is_late(verify)) {
        verify_answer(verify, false);
    } else if (verify->at < verify->count) {
        verify_part(verify);
    } else {
        verify_seals(verify);
    }
}

static void verify_checked(struct audit_verify *verify, const struct db_result *result)
{
    size_t row = 0;

    audit_chain_listed_clear(&verify->check);
    for (int i = 0; result != NULL && i < result->rows; i++) {
        struct audit_chain_row item;

        audit_read_row(result, i, &item);
        audit_chain_listed(&verify->check, item.id, item.digest);
    }
    while (verify->at < verify->until) {
        row = check_one(verify, &verify->seals[verify->at++], result, row);
    }
    verify_go_on(verify);
}

static void state_read(const struct db_result *result, void *arg);

static void verify_state(struct audit_verify *verify)
{
    verify_ask(verify, db_unit_create(STATEMENT_AUDIT_STATE), state_read);
}

static void rows_read(const struct db_result *result, void *arg)
{
    struct audit_verify *verify = arg;

    if (verify_failed(verify, result)) {
        return;
    }
    if (expired_meanwhile(verify, result)) {
        verify_state(verify);
        return;
    }
    verify_checked(verify, result);
}

/* Reads the rows of the next seals of the page, as many seals as fit into one query. */
static void verify_part(struct audit_verify *verify)
{
    int64_t rows = 0;

    verify->until = verify->at;
    do {
        rows += verify->rows[verify->until++];
    } while (verify->until < verify->count && rows + verify->rows[verify->until] <= ROWS_AT_A_TIME);
    if (rows == 0) {
        verify_checked(verify, NULL);
        return;
    }
    struct db_unit *unit = db_unit_create(STATEMENT_AUDIT_ROWS);

    db_unit_int(unit, verify->seals[verify->at].number);
    db_unit_int(unit, verify->seals[verify->until - 1].number);
    verify_ask(verify, unit, rows_read);
}

static void seals_read(const struct db_result *result, void *arg)
{
    struct audit_verify *verify = arg;

    if (verify_failed(verify, result)) {
        return;
    }
    verify->at = 0;
    verify->count = (size_t)result->rows;
    if (result->rows == 0) {
        audit_chain_chain_end(&verify->check);
        verify_unlisted(verify);
        return;
    }
    for (int i = 0; i < result->rows && i < SEALS_MAX; i++) {
        verify->rows[i] = audit_read_seal(result, i, &verify->seals[i]);
    }
    verify_part(verify);
}

static void verify_seals(struct audit_verify *verify)
{
    struct db_unit *unit = db_unit_create(STATEMENT_AUDIT_SEALS);

    db_unit_int(unit, verify->check.last.number);
    verify_ask(verify, unit, seals_read);
}

static void state_read(const struct db_result *result, void *arg)
{
    struct audit_verify *verify = arg;

    if (verify_failed(verify, result)) {
        return;
    }
    json_t *state = json_loads(db_text(result, 0, 0), 0, NULL);

    audit_chain_state(&verify->check, state, verify->fresh);
    verify->fresh = false;
    json_decref(state);
    if (verify->phase == PHASE_QUEUE) {
        verify_queue(verify);
    } else if (verify->phase == PHASE_SEALS) {
        verify_seals(verify);
    } else {
        verify_unlisted(verify);
    }
}

/* ---- the beginning ------------------------------------------------------------------------- */

static void invalid(void *arg)
{
    struct audit_verify *verify = arg;

    verify_refuse(verify, &(struct result){
                              .status = RESULT_INVALID,
                              .detail = "anchor or after is not a text that authd returned",
                              .hint = "An anchor is \"NUMBER MAC\", a line of audit-heads or of an "
                                      "earlier report.",
                          });
}

/* Whether the text begins with the word; `rest` is what follows. */
static bool begins(const char *text, const char *word, const char **rest)
{
    size_t length = strlen(word);

    *rest = text + length;
    return strncmp(text, word, length) == 0 && **rest != '\0';
}

/* False: the text is not the "next" of a report. */
static bool parse_after(struct audit_verify *verify, const char *text)
{
    const char *rest;
    char *end;

    if (begins(text, "seal ", &rest)) {
        verify->phase = PHASE_SEALS;
        return audit_anchor_parse(span_of(rest), &verify->check.last);
    }
    if (begins(text, "row ", &rest)) {
        verify->phase = PHASE_ROWS;
    } else if (!begins(text, "queue ", &rest)) {
        return false;
    }
    verify->place = strtoll(rest, &end, 10);
    verify->begun = true;
    return *end == '\0';
}

struct audit_verify *audit_verify_start(struct core *core, const json_t *arguments,
                                        result_done_f *done, void *arg)
{
    struct audit_verify *verify = mem_new(struct audit_verify);
    const char *anchor = json_string_value(json_object_get(arguments, "anchor"));
    const char *after = json_string_value(json_object_get(arguments, "after"));

    verify->core = core;
    verify->done = done;
    verify->arg = arg;
    verify->deadline = clock_ms() + BUDGET_MS;
    verify->refusal = (struct loop_hook){.run = invalid, .arg = verify};
    verify->fresh = after == NULL;
    audit_chain_init(&verify->check, &core->keys->audit, audits_anchor(core->audits));
    if ((anchor != NULL && !audit_anchor_parse(span_of(anchor), &verify->check.anchor)) ||
        (after != NULL && !parse_after(verify, after))) {
        loop_defer(core->loop, LOOP_BATCH, &verify->refusal);
        return verify;
    }
    verify_state(verify);
    return verify;
}

void audit_verify_cancel(struct audit_verify *verify)
{
    loop_undefer(verify->core->loop, &verify->refusal);
    if (verify->unit != NULL) {
        db_cancel(verify->unit);
    }
    verify_free(verify);
}
