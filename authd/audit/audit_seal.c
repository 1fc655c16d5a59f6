/* Threats: an attacker who writes in the database (the attacker has neither the audit's key, see
 * crypto/audit_mac.h, nor access to this node's audit-heads); another node at the same moment (the
 * database accepts one of the two seals, and the other node reads again). A row without a seal can
 * be changed unnoticed, so a failed attempt is repeated in the next second. */
#include "audit/audit_seal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "audit/audit_heads.h"
#include "audit/audit_read.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "crypto/key.h"
#include "store/db.h"

#define ROWS_BOUND  1000 /* in one seal: the loop hashes them in a few milliseconds */
#define SEAL_MAX    (64 * 1024 * 1024)
#define DATABASE_MS 10000
#define LOG_MS      (60 * 60 * 1000)
#define ZEROS       "0000000000000000000000000000000000000000000000000000000000000000"

/* The columns of authd.audit_unsealed(). */
enum { NUMBER, PREVIOUS, CLASS, AT, DRAINED, SINCE, PENDING, ID, FACTS };

struct audit_sealer {
    struct core *core;
    struct audit_heads *heads;
    struct audit_anchor seen; // the end of the chain
    struct audit_anchor next; // the seal on its way to the database
    struct db_unit *unit;     // reads rows or puts a seal; NULL: neither
    int64_t log_next;         // clock_ms() from which the next hourly line is due
    bool cut;                 // the chain lacks a seal that this node saw; the log says this once
};

const struct audit_anchor *audit_sealer_anchor(const struct audit_sealer *sealer)
{
    return &sealer->seen;
}

/* ---- the end of the chain ------------------------------------------------------------------ */

/* Reports a chain that lacks the last seal that this node has seen. */
static void sealer_compare(struct audit_sealer *sealer, int64_t number, const char *mac)
{
    bool shorter = number < sealer->seen.number;
    bool other = number == sealer->seen.number && number > 0 &&
                 !secret_equal(span_of(mac), span_of(sealer->seen.mac));

    if (!sealer->cut && (shorter || other)) {
        sealer->cut = true;
        log_message(LOG_ERROR, "audit-cut",
                    "the audit ends at seal %" PRId64 ", but this node has seen seal %" PRId64
                    " %s; if the database was restored from a backup, remove audit-heads from "
                    "state_dir and restart authd, else find out who wrote in the database",
                    number, sealer->seen.number, sealer->seen.mac);
    }
}

static void sealer_adopt(struct audit_sealer *sealer, const struct audit_anchor *anchor)
{
    bool hourly = clock_ms() >= sealer->log_next;
    struct log_line line;

    log_begin(&line, hourly ? LOG_INFO : LOG_DEBUG, "audit-seal");
    log_number(&line, "number", anchor->number);
    log_text(&line, "mac", anchor->mac);
    log_end(&line);
    if (hourly) {
        sealer->log_next = clock_ms() + LOG_MS;
    }
    if (!sealer->cut) {
        sealer->seen = *anchor;
        audit_heads_add(sealer->heads, anchor);
    }
}

/* ---- rows that authd did not write --------------------------------------------------------- */

/* Such a row is sealed as well: then nobody can remove it unnoticed, a check names it for ever, and
 * the rows behind it do not wait. */
static void sealer_check(const struct audit_sealer *sealer, const struct db_result *result)
{
    const struct audit_row_place place = {
        .class_word = db_text(result, 0, CLASS),
        .since = db_text(result, 0, SINCE) != NULL ? db_int(result, 0, SINCE) : INT64_MIN,
        .until = db_int(result, 0, AT),
    };
    struct audit_row_flaw flaws[AUDIT_ROW_FLAWS_MAX];
    struct audit_row_flaw first = {NULL, NULL};
    int64_t id = 0;
    int count = 0;

    for (int i = 0; i < result->rows; i++) {
        struct audit_chain_row item;

        audit_read_unsealed(result, i, FACTS, &item);
        if (item.content == NULL ||
            audit_row_check(&item.row, &place, &sealer->core->keys->audit, flaws) > 0) {
            id = count == 0 ? db_int(result, i, ID) : id;
            first = count > 0              ? first
                    : item.content != NULL ? flaws[0]
                                           : (struct audit_row_flaw){"missing", "is missing"};
            count++;
        }
    }
    if (count > 0) {
        log_message(LOG_ERROR, "audit-flaw",
                    "seal %" PRId64 " covers %d rows with a flaw (%s); the first is row %" PRId64
                    ", which %s; smtp-authctl audit verify names all",
                    db_int(result, 0, NUMBER), count, first.kind, id, first.text);
    }
}

/* ---- a seal -------------------------------------------------------------------------------- */

static void print_rows(const struct db_result *result, struct buf *out,
                       char list[AUDIT_MAC_HEX + 1])
{
    struct audit_mac_list digest;
    struct buf digests;

    buf_init(&digests, SEAL_MAX);
    audit_mac_list_init(&digest);
    buf_append_text(out, ",\"ids\":[");
    for (int row = 0; row < result->rows; row++) {
        const char *content = db_text(result, row, FACTS);
        char hex[AUDIT_MAC_HEX + 1] =
            ZEROS; /* for a row that is gone: a check will report it missing */

        if (content != NULL) {
            audit_mac_row(span_of(content), hex);
        }
        audit_mac_list_add(&digest, db_int(result, row, ID), hex);
        buf_printf(out, "%s%" PRId64, row > 0 ? "," : "", db_int(result, row, ID));
        buf_append(&digests, hex, AUDIT_MAC_HEX);
    }
    buf_append_text(out, "],\"digests\":\"");
    buf_append(out, digests.data, digests.len);
    buf_append_text(out, "\"");
    audit_mac_list_finish(&digest, list);
    buf_finish(&digests);
}

static void print_pending(const struct db_result *result, struct buf *out)
{
    int64_t last = 0;

    buf_append_text(out, ",\"pending\":[");
    for (int row = 0; row < result->rows; row++) {
        int64_t pending = db_int(result, row, PENDING);

        if (pending != last) {
            buf_printf(out, "%s%" PRId64, last != 0 ? "," : "", pending);
            last = pending;
        }
    }
    buf_append_text(out, "]");
}

/* JSON for authd.audit_seal_put(). */
static void print_seal(struct audit_sealer *sealer, const struct db_result *result, struct buf *out)
{
    const struct key *key = &sealer->core->keys->audit;
    char list[AUDIT_MAC_HEX + 1];
    struct audit_seal seal = {
        .number = db_int(result, 0, NUMBER),
        .class_word = db_text(result, 0, CLASS),
        .at = db_int(result, 0, AT),
        .drained = db_int(result, 0, DRAINED),
        .count = result->rows,
        .previous = db_text(result, 0, PREVIOUS),
        .list = list,
    };

    buf_printf(out,
               "{\"number\":%" PRId64 ",\"class\":\"%s\",\"at\":%" PRId64 ",\"drained\":%" PRId64
               ",\"previous\":\"%s\"",
               seal.number, seal.class_word, seal.at, seal.drained, seal.previous);
    print_rows(result, out, list);
    print_pending(result, out);
    sealer->next.number = seal.number;
    audit_mac_seal(key->octets, &seal, sealer->next.mac);
    buf_printf(out, ",\"list\":\"%s\",\"key\":\"%s\",\"mac\":\"%s\"}", list, key->id,
               sealer->next.mac);
    buf_append(out, "", 1);
}

static void sealer_put(const struct db_result *result, void *arg)
{
    struct audit_sealer *sealer = arg;

    sealer->unit = NULL;
    if (result->status == DB_OK && db_bool(result, 0, 0)) {
        sealer_adopt(sealer, &sealer->next);
        audit_sealer_tick(sealer); /* more rows may wait */
    }
}

static void sealer_read(const struct db_result *result, void *arg)
{
    struct audit_sealer *sealer = arg;
    struct buf seal;

    sealer->unit = NULL;
    if (result->rows == 0) {
        return;
    }
    sealer_compare(sealer, db_int(result, 0, NUMBER) - 1, db_text(result, 0, PREVIOUS));
    sealer_check(sealer, result);
    buf_init(&seal, SEAL_MAX);
    print_seal(sealer, result, &seal);
    if (seal.overflow) {
        abort(); /* a seal takes 1000 rows */
    }
    sealer->unit = db_unit_create(STATEMENT_AUDIT_SEAL_PUT);
    db_unit_text(sealer->unit, seal.data);
    db_run(sealer->core->db, sealer->unit, DATABASE_MS, sealer_put, sealer);
    buf_finish(&seal);
}

void audit_sealer_tick(struct audit_sealer *sealer)
{
    if (sealer->unit != NULL) {
        return;
    }
    sealer->unit = db_unit_create(STATEMENT_AUDIT_UNSEALED);
    db_unit_int(sealer->unit, ROWS_BOUND);
    db_run(sealer->core->db, sealer->unit, DATABASE_MS, sealer_read, sealer);
}

/* ---- life ---------------------------------------------------------------------------------- */

struct audit_sealer *audit_sealer_create(struct core *core, const char *state_dir)
{
    struct audit_sealer *sealer = mem_new(struct audit_sealer);

    sealer->core = core;
    sealer->heads = audit_heads_create(state_dir, core->hashers, &sealer->seen);
    return sealer;
}

void audit_sealer_destroy(struct audit_sealer *sealer)
{
    if (sealer == NULL) {
        return;
    }
    if (sealer->unit != NULL) {
        db_cancel(sealer->unit);
    }
    audit_heads_destroy(sealer->heads);
    free(sealer);
}
