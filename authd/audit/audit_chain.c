#include "audit/audit_chain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rfc3339.h"
#include "base/secret.h"

#define DETAIL_MAX 400

struct audit_chain_listed {
    int64_t id;
    char digest[AUDIT_MAC_HEX + 1];
};

static bool same(const char *a, const char *b)
{
    return secret_equal(span_of(a), span_of(b));
}

/* ---- flaws --------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 4, 5)))
flaw(struct audit_chain *check, const char *kind, const int64_t *row, const char *format, ...)
{
    char detail[DETAIL_MAX];
    va_list args;

    if (check->flaw_count++ >= AUDIT_CHAIN_FLAWS_MAX) {
        return;
    }
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);

    json_t *object =
        json_pack("{s:s, s:s, s:n, s:n}", "kind", kind, "detail", detail, "row", "seal");

    if (object == NULL) { /* a text from the database is not UTF-8 */
        object = json_pack("{s:s, s:s, s:n, s:n}", "kind", kind, "detail", kind, "row", "seal");
    }
    if (row != NULL) {
        json_object_set_new(object, "row", json_integer(*row));
    }
    if (check->seal.number != 0) {
        json_object_set_new(object, "seal", json_integer(check->seal.number));
    }
    json_array_append_new(check->flaws, object);
}

static const char *time_of(int64_t micros, char out[static RFC3339_SIZE])
{
    return rfc3339_text(micros / 1000000, out)[0] != '\0' ? out : "an impossible time";
}

/* ---- the beginning ------------------------------------------------------------------------- */

void audit_chain_init(struct audit_chain *check, const struct key *key,
                      const struct audit_anchor *remembered)
{
    *check = (struct audit_chain){
        .key = key,
        .remembered = *remembered,
        .flaws = json_array(),
    };
}

void audit_chain_finish(struct audit_chain *check)
{
    json_decref(check->flaws);
    free(check->moved_from);
}

static int64_t number_or_unknown(const json_t *value)
{
    return json_is_integer(value) ? json_integer_value(value) : INT64_MIN;
}

static void check_strays(struct audit_chain *check, const json_t *strays)
{
    size_t i;
    json_t *number;

    json_array_foreach(strays, i, number)
    {
        check->seal.number = json_integer_value(number);
        flaw(check, "seal-added", NULL,
             "seal %" PRId64 " is no part of the chain: it was added, or an event that says where "
             "the chain begins was changed",
             check->seal.number);
    }
    check->seal.number = 0;
}

void audit_chain_state(struct audit_chain *check, const json_t *state, bool fresh)
{
    const json_t *horizon = json_object_get(state, "horizon");
    const char *previous = json_string_value(json_object_get(state, "previous"));
    int64_t first = json_integer_value(json_object_get(state, "first"));

    check->unsealed = json_integer_value(json_object_get(state, "pending"));
    check->now = json_integer_value(json_object_get(state, "time"));
    check->newest = number_or_unknown(json_object_get(state, "since"));
    check->horizon_change = json_integer_value(json_object_get(horizon, "change"));
    check->horizon_login = json_integer_value(json_object_get(horizon, "login"));
    if (!fresh) {
        memcpy(check->computed, check->last.mac, sizeof(check->computed));
        return;
    }
    check->last.number = first - 1;
    span_text(span_of(previous != NULL ? previous : ""), check->last.mac, sizeof(check->last.mac));
    memcpy(check->computed, check->last.mac, sizeof(check->computed));
    check->follows = true;
    check->drained = number_or_unknown(json_object_get(state, "drained"));
    check_strays(check, json_object_get(state, "strays"));
    if (check->anchor.number != 0 && check->anchor.number < first) {
        flaw(check, "anchor", NULL,
             "the anchor is seal %" PRId64 ", but the oldest kept seal is %" PRId64
             ": use a newer anchor",
             check->anchor.number, first);
    }
}

/* ---- rows ---------------------------------------------------------------------------------- */

void audit_chain_listed_clear(struct audit_chain *check)
{
    check->moved_count = 0;
}

void audit_chain_listed(struct audit_chain *check, int64_t id, const char *digest)
{
    if (check->moved_count == check->moved_capacity) {
        check->moved_capacity = check->moved_capacity == 0 ? 256 : 2 * check->moved_capacity;
        check->moved_from =
            mem_realloc(check->moved_from, check->moved_capacity * sizeof(check->moved_from[0]));
    }
    struct audit_chain_listed *listed = &check->moved_from[check->moved_count++];

    listed->id = id;
    span_text(span_of(digest), listed->digest, sizeof(listed->digest));
}

/* The listed row that was sealed with this digest; 0: none was. */
static int64_t moved_from(const struct audit_chain *check, const char *digest)
{
    for (size_t i = 0; i < check->moved_count; i++) {
        if (same(check->moved_from[i].digest, digest)) {
            return check->moved_from[i].id;
        }
    }
    return 0;
}

static void check_content(struct audit_chain *check, const struct audit_chain_row *row)
{
    char digest[AUDIT_MAC_HEX + 1];
    int64_t from;

    audit_mac_row(span_of(row->content), digest);
    if (same(digest, row->digest)) {
        return;
    }
    from = moved_from(check, digest);
    if (from != 0) {
        flaw(check, "moved", &row->id,
             "row %" PRId64 " (%s, %s) now says what row %" PRId64 " said when it was sealed",
             row->id, row->row.action, row->time, from);
    } else {
        flaw(check, "changed", &row->id,
             "row %" PRId64 " (%s, %s) does not say what it said when it was sealed", row->id,
             row->row.action, row->time);
    }
}

/* `what`: "its user" or "who acted". */
static void check_person(struct audit_chain *check, const struct audit_chain_row *row,
                         const char *state, const char *what)
{
    if (strcmp(state, "changed") == 0) {
        flaw(check, "person-changed", &row->id,
             "row %" PRId64 " (%s, %s): its data about %s was changed", row->id, row->row.action,
             row->time, what);
    } else if (strcmp(state, "gone") == 0) {
        flaw(check, "person-missing", &row->id,
             "row %" PRId64 " (%s, %s): its data about %s is missing, and no user was erased",
             row->id, row->row.action, row->time, what);
    }
}

/* What a row must say by itself, sealed or not. */
static void check_row(struct audit_chain *check, const struct audit_chain_row *row,
                      const struct audit_row_place *place, const struct key *key)
{
    struct audit_row_flaw flaws[AUDIT_ROW_FLAWS_MAX];
    unsigned count = audit_row_check(&row->row, place, key, flaws);

    if (row->id <= 0) {
        flaw(check, "added", &row->id,
             "row %" PRId64 " (%s, %s) has a number that authd never gives", row->id,
             row->row.action, row->time);
    }
    for (unsigned i = 0; i < count; i++) {
        flaw(check, flaws[i].kind, &row->id, "row %" PRId64 " (%s, %s) %s", row->id,
             row->row.action, row->time, flaws[i].text);
    }
    check_person(check, row, row->subject, "its user or object");
    check_person(check, row, row->actor, "who acted");
}

void audit_chain_waiting(struct audit_chain *check, int64_t queue, const char *entry,
                         const struct audit_chain_row *row)
{
    check->seal.number = 0;
    if (entry == NULL) {
        flaw(check, "queue", NULL,
             "entry %" PRId64 " of the queue was not made by authd: no seal can take it", queue);
    } else if (row->content == NULL) {
        flaw(check, "queue", &row->id,
             "row %" PRId64 " waits for a seal in entry %" PRId64 " of the queue, but is missing",
             row->id, queue);
    } else {
        const struct audit_row_place place = {
            .class_word = entry,
            .since = check->newest,
            .until = check->now + AUDIT_ROW_WAIT_US,
        };

        check_row(check, row, &place, check->key);
    }
}

void audit_chain_row(struct audit_chain *check, const struct audit_chain_row *row)
{
    const struct audit_row_place place = {
        .class_word = check->seal.class_word,
        .since = check->seal.since,
        .until = check->seal.at,
    };
    bool known = strcmp(check->seal.key, check->key->id) == 0;
    char at[RFC3339_SIZE];

    audit_mac_list_add(&check->list, row->id, row->digest);
    check->listed++;
    check->rows++;
    if (row->content == NULL) {
        flaw(check, "missing", &row->id,
             "row %" PRId64 " is missing: a %s that was sealed at %s by seal %" PRId64, row->id,
             check->seal.class_word, time_of(check->seal.at, at), check->seal.number);
        return;
    }
    check_content(check, row);
    check_row(check, row, &place, known ? check->key : NULL);
    check->erased += strcmp(row->subject, "erased") == 0 || strcmp(row->actor, "erased") == 0;
}

void audit_chain_unlisted(struct audit_chain *check, const json_t *row)
{
    const char *at = json_string_value(json_object_get(row, "at"));
    const char *action = json_string_value(json_object_get(row, "action"));
    const char *kind = json_string_value(json_object_get(row, "kind"));
    const json_t *number = json_object_get(row, "id");
    int64_t id = json_integer_value(number);
    const int64_t *named = json_is_integer(number) ? &id : NULL;

    check->seal.number = 0;
    action = action != NULL ? action : "no action";
    at = at != NULL ? at : "no time";
    if (strcmp(kind, "person-added") == 0) {
        flaw(check, kind, named, "data about %s was added for row %" PRId64 ", which has none",
             action, id);
    } else if (strcmp(kind, "twice") == 0) {
        flaw(check, kind, named,
             "row %" PRId64 " (%s, %s) is there twice, or listed twice by seals and the queue", id,
             action, at);
    } else if (named == NULL) {
        flaw(check, kind, NULL, "a row without a number (%s, %s) was added", action, at);
    } else {
        flaw(check, kind, named,
             "row %" PRId64 " (%s, %s) is in no seal: it was added, or its seal is gone", id,
             action, at);
    }
}

/* ---- seals --------------------------------------------------------------------------------- */

static void check_mac(struct audit_chain *check)
{
    const struct audit_chain_seal *held = &check->seal;
    const struct audit_seal seal = {
        .number = held->number,
        .class_word = held->class_word,
        .at = held->at,
        .drained = held->drained,
        .count = held->count,
        .previous = held->previous,
        .list = held->list,
    };

    audit_mac_seal(check->key->octets, &seal, check->computed);
    if (strcmp(held->key, check->key->id) != 0) {
        flaw(check, "seal-key", NULL,
             "seal %" PRId64
             " was made with the key %s, and this node has %s: it cannot be checked",
             held->number, held->key, check->key->id);
        memcpy(check->computed, held->mac, sizeof(check->computed));
    } else if (!same(check->computed, held->mac)) {
        flaw(check, "seal-changed", NULL, "seal %" PRId64 " was changed, or was not made by authd",
             held->number);
    }
}

/* A seal says when the queue was last seen empty: when the seal was made, or what the seal before
 * says. A seal that was changed says nothing about the next one. */
static void check_drained(struct audit_chain *check)
{
    const struct audit_chain_seal *seal = &check->seal;

    bool good = same(check->computed, seal->mac);

    if (good && seal->since != INT64_MIN && seal->drained != seal->since &&
        seal->drained != seal->at) {
        flaw(check, "seal-changed", NULL,
             "seal %" PRId64 " does not follow the seal before it: it says of another time that "
             "nothing waited",
             seal->number);
    }
    check->follows = true;
    check->drained = good ? seal->drained : INT64_MIN;
}

void audit_chain_begin(struct audit_chain *check, const struct audit_chain_seal *seal)
{
    int64_t expected = check->last.number + 1;

    check->seal = *seal;
    if (check->follows) {
        check->seal.since = seal->number == expected ? check->drained : INT64_MIN;
    }
    check->listed = 0;
    audit_mac_list_init(&check->list);
    if (seal->number > expected + 1) {
        flaw(check, "seal-missing", NULL, "the seals %" PRId64 " to %" PRId64 " are missing",
             expected, seal->number - 1);
    } else if (seal->number > expected) {
        flaw(check, "seal-missing", NULL, "seal %" PRId64 " is missing", expected);
    } else if (!same(seal->previous, check->last.mac) && !same(seal->previous, check->computed)) {
        flaw(check, "seal-changed", NULL, "seal %" PRId64 " does not follow the seal before it",
             seal->number);
    }
    check_mac(check);
    check_drained(check);
}

static void check_list(struct audit_chain *check)
{
    const struct audit_chain_seal *seal = &check->seal;
    bool change = strcmp(seal->class_word, "change") == 0;
    char digest[AUDIT_MAC_HEX + 1];
    char at[RFC3339_SIZE];

    if (!seal->whole) {
        flaw(check, "seal-changed", NULL, "the list of rows of seal %" PRId64 " was changed",
             seal->number);
    }
    if (!seal->kept && seal->at < (change ? check->horizon_change : check->horizon_login)) {
        check->expired += seal->count;
        return;
    }
    if (!seal->kept) {
        flaw(check, "missing", NULL,
             "all %" PRId64 " rows of seal %" PRId64 " (%s, %s) are missing, and had not expired",
             seal->count, seal->number, seal->class_word, time_of(seal->at, at));
        return;
    }
    audit_mac_list_finish(&check->list, digest);
    if (seal->whole && (!same(digest, seal->list) || check->listed != seal->count)) {
        flaw(check, "seal-changed", NULL, "the list of rows of seal %" PRId64 " was changed",
             seal->number);
    }
}

static void compare(struct audit_chain *check, const struct audit_anchor *anchor, const char *whose)
{
    if (anchor->number == check->seal.number && !same(anchor->mac, check->seal.mac)) {
        flaw(check, "anchor", NULL,
             "seal %" PRId64 " is not the one of %s: the chain was made anew", anchor->number,
             whose);
    }
}

#define CALLERS "the anchor"
#define OURS    "this node's audit-heads"

void audit_chain_end(struct audit_chain *check)
{
    check_list(check);
    compare(check, &check->anchor, CALLERS);
    compare(check, &check->remembered, OURS);
    check->seals++;
    check->last.number = check->seal.number;
    memcpy(check->last.mac, check->seal.mac, sizeof(check->last.mac));
}

static void reach(struct audit_chain *check, const struct audit_anchor *anchor, const char *whose)
{
    if (anchor->number > check->last.number) {
        flaw(check, "anchor", NULL,
             "the chain ends with seal %" PRId64 ", but %s has seal %" PRId64 ": its end is gone",
             check->last.number, whose, anchor->number);
    }
}

void audit_chain_chain_end(struct audit_chain *check)
{
    check->seal.number = 0;
    reach(check, &check->anchor, CALLERS);
    reach(check, &check->remembered, OURS);
}

/* ---- the report ---------------------------------------------------------------------------- */

json_t *audit_chain_report(const struct audit_chain *check, const char *next)
{
    char anchor[AUDIT_MAC_HEX + 32];
    size_t listed = json_array_size(check->flaws);
    json_t *report =
        json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:O, s:I, s:n, s:n}", "kind",
                  "audit-report", "complete", next == NULL, "verified", check->flaw_count == 0,
                  "seals", (json_int_t)check->seals, "rows", (json_int_t)check->rows, "erased",
                  (json_int_t)check->erased, "expired", (json_int_t)check->expired, "unsealed",
                  (json_int_t)check->unsealed, "flaws", check->flaws, "more_flaws",
                  (json_int_t)check->flaw_count - (json_int_t)listed, "next", "anchor");

    if (next != NULL) {
        json_object_set_new(report, "next", json_string(next));
    }
    if (check->last.number > 0) {
        snprintf(anchor, sizeof(anchor), "%" PRId64 " %s", check->last.number, check->last.mac);
        json_object_set_new(report, "anchor", json_string(anchor));
    }
    return report;
}
