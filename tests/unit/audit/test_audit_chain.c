/* The test makes a chain of seals and damages it in every possible way: the check finds and names
 * each damage. */
#include "audit/audit_chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SEALS 4
#define ROWS  3 /* of each seal */

struct chain {
    struct key key;
    struct audit_chain_seal seals[SEALS];
    int64_t ids[SEALS][ROWS];
    char contents[SEALS][ROWS][32];
    char digests[SEALS][ROWS][AUDIT_MAC_HEX + 1];
    const char *subjects[SEALS][ROWS];
    struct audit_row rows[SEALS][ROWS];
    char calls[SEALS][ROWS][32]; /* any text, to which the tag belongs */
    char tags[SEALS][ROWS][AUDIT_TAG_HEX + 1];
    bool missing[SEALS][ROWS];
    size_t first; /* index of the first seal that the check gets */
    size_t count;
    size_t skip; /* index of a seal that the check does not get */
    struct audit_anchor anchor;
    struct audit_anchor remembered;
    const char *state;
};

#define STATE "{\"pending\": 2, \"first\": 1, \"horizon\": {\"change\": 0, \"login\": 0}, "
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void seal_again(struct chain *chain, size_t i)
{
    struct audit_chain_seal *held = &chain->seals[i];
    const struct audit_seal seal = {
        .number = held->number,
        .class_word = held->class_word,
        .at = held->at,
        .drained = held->drained,
        .count = held->count,
        .previous = held->previous,
        .list = held->list,
    };

    audit_mac_seal(chain->key.octets, &seal, held->mac);
}

static void seal_make(struct chain *chain, size_t i)
{
    struct audit_chain_seal *held = &chain->seals[i];
    struct audit_mac_list list;

    held->number = (int64_t)i + 1;
    held->at = 1000000 * (int64_t)i;
    held->count = ROWS;
    held->drained = held->at;
    held->since = INT64_MIN;
    held->kept = true;
    held->whole = true;
    strcpy(held->class_word, i % 2 == 0 ? "change" : "login");
    strcpy(held->key, chain->key.id);
    strcpy(held->previous, i == 0 ? ZEROS : chain->seals[i - 1].mac);
    audit_mac_list_init(&list);
    for (size_t row = 0; row < ROWS; row++) {
        chain->ids[i][row] = (int64_t)(10 * (i + 1) + row);
        snprintf(chain->contents[i][row], 32, "[%zu, %zu]", i, row);
        audit_mac_row(span_of(chain->contents[i][row]), chain->digests[i][row]);
        audit_mac_list_add(&list, chain->ids[i][row], chain->digests[i][row]);
        chain->subjects[i][row] = "kept";
        snprintf(chain->calls[i][row], 32, "call %zu %zu", i, row);
        audit_mac_tag(chain->key.octets, span_of(chain->calls[i][row]), chain->tags[i][row]);
        chain->rows[i][row] = (struct audit_row){
            .action = i % 2 == 0 ? "user_set" : "login",
            .class_word = held->class_word,
            .at = held->at,
            .operation = i % 2 == 0 ? "user_set" : "audit_logins",
            .call = chain->calls[i][row],
            .tag = chain->tags[i][row],
        };
    }
    audit_mac_list_finish(&list, held->list);
    seal_again(chain, i);
}

static void chain_make(struct chain *chain)
{
    *chain = (struct chain){
        .key = {.id = "0123abcd", .octets = {1, 2, 3}},
        .count = SEALS,
        .skip = SEALS,
        .state = STATE "\"previous\": \"" ZEROS "\"}",
    };
    for (size_t i = 0; i < SEALS; i++) {
        seal_make(chain, i);
    }
}

static void show_seal(struct audit_chain *check, const struct chain *chain, size_t i)
{
    audit_chain_begin(check, &chain->seals[i]);
    for (size_t row = 0; row < ROWS && chain->seals[i].kept; row++) {
        audit_chain_row(check,
                        &(struct audit_chain_row){
                            .id = chain->ids[i][row],
                            .digest = chain->digests[i][row],
                            .content = chain->missing[i][row] ? NULL : chain->contents[i][row],
                            .time = "2026-01-31T12:00:00Z",
                            .row = chain->rows[i][row],
                            .subject = chain->subjects[i][row],
                            .actor = "none",
                        });
    }
    audit_chain_end(check);
}

/* `out` gets the flaws as "kind row seal; ...". */
static void flaws_of(const struct chain *chain, char out[static 512], json_t **report)
{
    struct audit_chain check;
    json_t *state = json_loads(chain->state, 0, NULL);
    size_t i;
    json_t *flaw;

    assert_non_null(state);
    audit_chain_init(&check, &chain->key, &chain->remembered);
    check.anchor = chain->anchor;
    audit_chain_state(&check, state, true);
    for (size_t seal = 0; seal < SEALS; seal++) {
        for (size_t row = 0; row < ROWS; row++) {
            audit_chain_listed(&check, chain->ids[seal][row], chain->digests[seal][row]);
        }
    }
    for (size_t seal = chain->first; seal < chain->count; seal++) {
        if (seal != chain->skip) {
            show_seal(&check, chain, seal);
        }
    }
    audit_chain_chain_end(&check);
    *report = audit_chain_report(&check, NULL);
    out[0] = '\0';
    json_array_foreach(json_object_get(*report, "flaws"), i, flaw)
    {
        snprintf(out + strlen(out), 512 - strlen(out), "%s%s %d %d", i > 0 ? "; " : "",
                 json_string_value(json_object_get(flaw, "kind")),
                 (int)json_integer_value(json_object_get(flaw, "row")),
                 (int)json_integer_value(json_object_get(flaw, "seal")));
    }
    audit_chain_finish(&check);
    json_decref(state);
}

static void assert_flaws(const struct chain *chain, const char *expected)
{
    char found[512];
    json_t *report;

    flaws_of(chain, found, &report);
    assert_string_equal(found, expected);
    assert_int_equal(json_is_true(json_object_get(report, "verified")), expected[0] == '\0');
    json_decref(report);
}

static int64_t reported(const struct chain *chain, const char *member)
{
    char found[512];
    json_t *report;

    flaws_of(chain, found, &report);
    int64_t value = json_integer_value(json_object_get(report, member));

    json_decref(report);
    return value;
}

static void test_whole(void **state)
{
    (void)state;
    struct chain chain;
    char found[512];
    char anchor[128];
    json_t *report;

    chain_make(&chain);
    flaws_of(&chain, found, &report);
    assert_string_equal(found, "");
    assert_int_equal(json_integer_value(json_object_get(report, "seals")), SEALS);
    assert_int_equal(json_integer_value(json_object_get(report, "rows")), SEALS * ROWS);
    assert_int_equal(json_integer_value(json_object_get(report, "unsealed")), 2);
    snprintf(anchor, sizeof(anchor), "4 %s", chain.seals[3].mac);
    assert_string_equal(json_string_value(json_object_get(report, "anchor")), anchor);
    assert_true(json_is_null(json_object_get(report, "next")));
    json_decref(report);
}

static void test_rows(void **state)
{
    (void)state;
    struct chain chain;
    char words[32];

    chain_make(&chain);
    chain.contents[1][2][1] = '7';
    assert_flaws(&chain, "changed 22 2");

    chain_make(&chain);
    chain.missing[2][0] = true;
    assert_flaws(&chain, "missing 30 3");

    chain_make(&chain);
    memcpy(words, chain.contents[0][1], sizeof(words));
    memcpy(chain.contents[0][1], chain.contents[3][2], sizeof(words));
    memcpy(chain.contents[3][2], words, sizeof(words));
    assert_flaws(&chain, "moved 11 1; moved 42 4");
}

static void test_persons(void **state)
{
    (void)state;
    struct chain chain;

    chain_make(&chain);
    chain.subjects[0][0] = "changed";
    chain.subjects[0][1] = "gone";
    chain.subjects[0][2] = "erased";
    assert_flaws(&chain, "person-changed 10 1; person-missing 11 1");
    assert_int_equal(reported(&chain, "erased"), 1);
}

static void test_seals(void **state)
{
    (void)state;
    struct chain chain;

    chain_make(&chain);
    chain.seals[1].mac[5] ^= 1;
    assert_flaws(&chain, "seal-changed 0 2");

    chain_make(&chain);
    chain.seals[1].at++;
    assert_flaws(&chain, "seal-changed 0 2");

    chain_make(&chain);
    chain.skip = 1;
    assert_flaws(&chain, "seal-missing 0 3");

    chain_make(&chain);
    chain.first = 2;
    assert_flaws(&chain, "seal-missing 0 3");

    chain_make(&chain);
    strcpy(chain.seals[2].key, "ffffffff");
    assert_flaws(&chain, "seal-key 0 3");

    /* A seal's list that names another row. */
    chain_make(&chain);
    chain.ids[1][1] = 99;
    assert_flaws(&chain, "seal-changed 0 2");
}

/* Makes the MACs anew from a seal on. */
static void seal_on(struct chain *chain, size_t from)
{
    for (size_t i = from; i < SEALS; i++) {
        strcpy(chain->seals[i].previous, chain->seals[i - 1].mac);
        seal_again(chain, i);
    }
}

/* When the queue was empty, and what the MAC does not cover. */
static void test_times_and_lists(void **state)
{
    (void)state;
    struct chain chain;

    chain_make(&chain);
    chain.seals[1].drained = chain.seals[0].drained; /* seal 2 left rows in the queue */
    seal_on(&chain, 1);
    assert_flaws(&chain, "");
    chain.rows[2][0].at = chain.seals[0].at - AUDIT_ROW_WAIT_US;
    assert_flaws(&chain, "");
    chain.rows[2][0].at--; /* seal 3 may take rows that waited since seal 1 */
    assert_flaws(&chain, "time 30 3");

    chain_make(&chain);
    chain.seals[1].drained = 7; /* signed, but neither now nor what the seal before says */
    seal_on(&chain, 1);
    assert_flaws(&chain, "seal-changed 0 2");

    chain_make(&chain);
    chain.seals[2].whole = false;
    assert_flaws(&chain, "seal-changed 0 3");

    chain_make(&chain);
    chain.rows[3][1].class_word = "change";
    assert_flaws(&chain, "class 41 4");

    chain_make(&chain);
    chain.state = STATE "\"strays\": [0, null], \"previous\": \"" ZEROS "\"}";
    assert_flaws(&chain, "seal-added 0 0; seal-added 0 0");
}

static void test_the_queue(void **state)
{
    (void)state;
    struct chain chain;
    struct audit_chain check;

    chain_make(&chain);
    struct audit_chain_row row = {
        .id = 50,
        .content = "[]",
        .time = "T",
        .row = chain.rows[2][0],
        .subject = "none",
        .actor = "none",
    };
    struct audit_chain_row gone = {.id = 51};

    audit_chain_init(&check, &chain.key, &chain.remembered);
    check.now = row.row.at;
    check.newest = INT64_MIN;
    audit_chain_waiting(&check, 9, "change", &row);
    assert_int_equal(check.flaw_count, 0);
    audit_chain_waiting(&check, 9, "login", &row);
    assert_int_equal(check.flaw_count, 1);
    audit_chain_waiting(&check, 9, "change", &gone);
    assert_int_equal(check.flaw_count, 2);
    audit_chain_waiting(&check, 9, NULL, &gone);
    assert_int_equal(check.flaw_count, 3);
    row.id = 0;
    audit_chain_waiting(&check, 9, "change", &row);
    assert_int_equal(check.flaw_count, 4);
    row.id = 50;
    check.now -= AUDIT_ROW_WAIT_US + 1;
    audit_chain_waiting(&check, 9, "change", &row);
    assert_int_equal(check.flaw_count, 5);
    audit_chain_finish(&check);
}

static void test_without_the_key(void **state)
{
    (void)state;
    struct chain chain;

    chain_make(&chain);
    chain.key.octets[0] ^= 1;
    seal_make(&chain, 3);
    chain.key.octets[0] ^= 1;
    assert_flaws(&chain, "seal-changed 0 4; tag-wrong 40 4; tag-wrong 41 4; tag-wrong 42 4");
}

static void test_anchors(void **state)
{
    (void)state;
    struct chain chain;

    chain_make(&chain);
    chain.anchor.number = chain.remembered.number = 4;
    strcpy(chain.anchor.mac, chain.seals[3].mac);
    strcpy(chain.remembered.mac, chain.seals[3].mac);
    assert_flaws(&chain, "");
    chain.count = 3; /* the end is cut off */
    assert_flaws(&chain, "anchor 0 0; anchor 0 0");
    chain.anchor.number = 3;
    chain.remembered.number = 2;
    strcpy(chain.remembered.mac, chain.seals[1].mac);
    assert_flaws(&chain, "anchor 0 3"); /* the remembered seal 2 has another MAC */

    chain_make(&chain);
    chain.anchor.number = 1;
    chain.state = "{\"first\": 2, \"previous\": \"\"}";
    chain.first = 1;
    assert_flaws(&chain, "anchor 0 0; seal-changed 0 2"); /* older than the kept seals */
}

static void test_expiry(void **state)
{
    (void)state;
    struct chain chain;

    chain_make(&chain);
    chain.seals[1].kept = chain.seals[3].kept = false; /* logins, at 1 s and 3 s */
    assert_flaws(&chain, "missing 0 2; missing 0 4");
    chain.state = "{\"first\": 1, \"horizon\": {\"login\": 3000000, \"change\": 9000000}, "
                  "\"previous\": \"" ZEROS "\"}";
    assert_flaws(&chain, "missing 0 4");
    assert_int_equal(reported(&chain, "expired"), ROWS);
    chain.state = "{\"first\": 1, \"horizon\": {\"login\": 3000001}, \"previous\": \"" ZEROS "\"}";
    assert_flaws(&chain, "");
}

static void test_added(void **state)
{
    (void)state;
    struct audit_chain check;
    struct chain chain;
    json_t *row = json_pack("{s:i, s:s, s:s, s:s}", "id", 77, "at", "T", "action", "user_add",
                            "kind", "added");

    chain_make(&chain);
    audit_chain_init(&check, &chain.key, &chain.remembered);
    for (int i = 0; i < AUDIT_CHAIN_FLAWS_MAX + 5; i++) {
        audit_chain_unlisted(&check, row);
    }
    json_t *report = audit_chain_report(&check, "row 77");

    assert_int_equal(json_array_size(json_object_get(report, "flaws")), AUDIT_CHAIN_FLAWS_MAX);
    assert_int_equal(json_integer_value(json_object_get(report, "more_flaws")), 5);
    assert_false(json_is_true(json_object_get(report, "complete")));
    assert_string_equal(json_string_value(json_object_get(report, "next")), "row 77");
    json_decref(report);
    json_decref(row);
    audit_chain_finish(&check);
}

static void test_anchor_text(void **state)
{
    (void)state;
    struct audit_anchor anchor;

    assert_true(audit_anchor_parse(SPAN_LITERAL("12 " ZEROS), &anchor));
    assert_int_equal(anchor.number, 12);
    assert_string_equal(anchor.mac, ZEROS);
    static const char *const bad[] = {
        "",
        "12",
        "12 ",
        "0 " ZEROS,
        "-1 " ZEROS,
        "12  " ZEROS,
        "12 " ZEROS "0",
        "12 0" ZEROS,
        "9999999999999999999 " ZEROS,
        "x " ZEROS,
        " " ZEROS,
        "12 000000000000000000000000000000000000000000000000000000000000000G",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(audit_anchor_parse(span_of(bad[i]), &anchor));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),           cmocka_unit_test(test_rows),
        cmocka_unit_test(test_persons),         cmocka_unit_test(test_seals),
        cmocka_unit_test(test_without_the_key), cmocka_unit_test(test_anchors),
        cmocka_unit_test(test_expiry),          cmocka_unit_test(test_added),
        cmocka_unit_test(test_anchor_text),     cmocka_unit_test(test_times_and_lists),
        cmocka_unit_test(test_the_queue),
    };
    return cmocka_run_group_tests_name("audit_chain", tests, NULL, NULL);
}
