/* Batches of lookups: every asker gets its own row, whatever other askers do. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "store/account_lookup.h"

#define USERS 300

static struct fixture fixture;
static struct account_lookup *lookup;

struct asker {
    struct account_lookup_request request; /* first: a request is cast to its asker */
    char login[64];
    char selector[16];
    int done;
    bool known;
    enum db_status status;
    int64_t id;
    bool suspended;
    int generation;
    int64_t cipher_version;
    int64_t factor;
    char password[64];
    struct asker *victim; /* an asker that the callback cancels */
};

/* Names that no login has, but that must pass through a text[] unchanged. */
static const char *const odd_names[] = {
    "a\"b", "a\\b", "a,b",      "{a}", "NULL",    "null", "",     "a'b",  " a ", "a\\\"",
    "\\",   "\"",   "ünï@ö.de", "$1",  "{\"x\"}", "a\tb", "a\nb", "漢字", "%s"};
#define ODD_NAMES (sizeof odd_names / sizeof odd_names[0])

/* Replaces authd.login_lookup() by a function that accepts any name, returns its rows in any order
 * and counts its calls: the test is about batches, not about names. */
static void replace_lookup(void)
{
    server_sql(
        "CREATE TABLE authd.test_name (id bigint, login text);"
        "ALTER TABLE authd.test_name OWNER TO authd_owner;"
        "INSERT INTO authd.test_name SELECT i, 'user' || i || '@example.org' "
        "FROM generate_series(0, 299) AS i;"
        "CREATE OR REPLACE FUNCTION authd.login_lookup(logins text[], selectors text[]) "
        "RETURNS TABLE (n int, id bigint, version bigint, login text, suspended boolean, "
        "password text, generation int, credential bigint, "
        "credential_version bigint, verifier text, key text, expired boolean, scopes text, "
        "seconds bigint, cipher_version bigint, role text, domain_policy text, user_policy text, "
        "factor bigint, seed text, algorithm text, digits int) LANGUAGE plpgsql SECURITY "
        "DEFINER AS $$ BEGIN "
        "PERFORM nextval('authd.test_calls');"
        "RETURN QUERY SELECT a.n::int, h.id, h.id * 2, a.login, h.id % 2 = 1, "
        "CASE WHEN h.id % 3 = 0 THEN NULL ELSE '$x$' || h.id END, (h.id + 5)::int, "
        "CASE WHEN a.s <> '' THEN h.id + 7 END, h.id + 8, a.s, 'key', "
        "h.id % 2 = 0, 'scopes ' || h.id, 1000 + h.id, h.id + 9, 'user', NULL::text, "
        "'required', h.id + 10, 'seed', 'SHA1', 6 "
        "FROM unnest(logins, selectors) WITH ORDINALITY AS a (login, s, n) "
        "JOIN authd.test_name AS h "
        "ON h.login = a.login ORDER BY random(); END $$");
    for (size_t i = 0; i < ODD_NAMES; i++) {
        char sql[256];
        int len = snprintf(sql, sizeof sql,
                           "INSERT INTO authd.test_name SELECT %zu, "
                           "convert_from(decode('",
                           1000 + i);
        for (const char *c = odd_names[i]; *c != '\0'; c++) {
            len += snprintf(sql + len, sizeof sql - (size_t)len, "%02x", (unsigned char)*c);
        }
        snprintf(sql + len, sizeof sql - (size_t)len, "', 'hex'), 'UTF8')");
        server_sql(sql);
    }
}

static void on_row(struct account_lookup_request *request, enum db_status status,
                   const struct account_row *row)
{
    struct asker *asker = (struct asker *)request;
    asker->done++;
    asker->status = status;
    asker->known = row != NULL;
    if (asker->victim != NULL) {
        account_lookup_cancel(lookup, &asker->victim->request);
    }
    if (row == NULL) {
        return;
    }
    assert_string_equal(row->login, asker->login);
    asker->id = row->id;
    char expected[32];
    snprintf(expected, sizeof expected, "scopes %ld", (long)row->id);
    assert_string_equal(row->scopes, expected);
    assert_int_equal(row->version, row->id * 2);
    assert_int_equal(row->now, 1000 + row->id);
    assert_int_equal(row->credential, asker->selector[0] != '\0' ? row->id + 7 : 0);
    if (row->credential != 0) {
        assert_int_equal(row->credential_version, row->id + 8);
        assert_string_equal(row->verifier, asker->selector); // each row has its own verifier
        assert_string_equal(row->key, "key");
        assert_int_equal(row->expired, row->id % 2 == 0);
    }
    asker->suspended = row->suspended;
    asker->generation = row->generation;
    asker->cipher_version = row->cipher_version;
    asker->factor = row->factor;
    snprintf(asker->password, sizeof asker->password, "%s", row->password ? row->password : "-");
}

static void on_schema_row(struct account_lookup_request *request, enum db_status status,
                          const struct account_row *row)
{
    struct asker *asker = (struct asker *)request;
    asker->done++;
    asker->status = status;
    asker->known = row != NULL;
    if (row != NULL) {
        assert_string_equal(row->login, asker->login);
        asker->suspended = row->suspended;
        snprintf(asker->password, sizeof asker->password, "%s", row->password);
    }
}

static void ask(struct asker *asker, const char *login)
{
    *asker = (struct asker){0};
    snprintf(asker->login, sizeof asker->login, "%s", login);
    /* Every other asker presents an app password. */
    static unsigned number;
    if (++number % 2 == 0) {
        snprintf(asker->selector, sizeof asker->selector, "s%u", number);
    }
    asker->request.login = asker->login;
    asker->request.selector = asker->selector;
    asker->request.done = on_row;
    account_lookup_submit(lookup, &asker->request);
    assert_int_equal(asker->done, 0);
}

static void ask_user(struct asker *asker, int id)
{
    char login[64];
    snprintf(login, sizeof login, "user%d@example.org", id);
    ask(asker, login);
}

static void is_user(const struct asker *asker, int id)
{
    char password[64] = "-";
    if (id % 3 != 0) {
        snprintf(password, sizeof password, "$x$%d", id);
    }
    assert_int_equal(asker->done, 1);
    assert_int_equal(asker->status, DB_OK);
    assert_true(asker->known);
    assert_int_equal(asker->id, id);
    assert_int_equal(asker->suspended, id % 2 == 1);
    assert_int_equal(asker->generation, id + 5);
    assert_int_equal(asker->cipher_version, id + 9);
    assert_int_equal(asker->factor, id + 10);
    assert_string_equal(asker->password, password);
}

static bool is_done(void *arg)
{
    return ((const struct asker *)arg)->done > 0;
}

/* Batches may come back in any order. */
static void wait_for(struct asker *asker)
{
    if (asker->done == 0) {
        loop_run_until(fixture.loop, is_done, asker);
    }
}

/* The number of calls of authd.login_lookup() since the setup; the sequence begins at 1. */
static long batches(void)
{
    return server_number("SELECT last_value FROM authd.test_calls") - 1;
}

static int setup(void **state)
{
    (void)state;
    static bool replaced;
    fixture_replace_functions();
    if (!replaced) {
        replace_lookup();
        replaced = true;
    }
    fixture_open_up(&fixture);
    lookup = account_lookup_create(fixture.loop, fixture.db);
    return 0;
}

static int setup_unchanged(void **state)
{
    (void)state;
    fixture_open_up(&fixture);
    lookup = account_lookup_create(fixture.loop, fixture.db);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    account_lookup_destroy(lookup);
    fixture_close(&fixture);
    return 0;
}

/* Uses the function of schema/ instead of the replacement. */
static void test_schema_function(void **state)
{
    (void)state;
    server_sql("SELECT authd.manage('user_add', '{\"credential\": {\"kind\": \"host\"}, "
               "\"role\": \"host\"}', "
               "'{\"login\": \"alice@example.org\", \"account_id\": 999999, "
               "\"password_cipher_version\": 7, "
               "\"password_hash\": \"$cipher$00000000$AA\"}')");
    struct asker known = {.login = "alice@example.org"}, unknown;
    known.request.login = known.login;
    known.request.selector = "";
    known.request.done = on_schema_row;
    account_lookup_submit(lookup, &known.request);
    ask(&unknown, "nobody@example.org");
    wait_for(&unknown);
    assert_int_equal(known.done, 1);
    assert_true(known.known);
    assert_string_equal(known.password, "$cipher$00000000$AA");
    assert_false(known.suspended);
    assert_false(unknown.known);
    assert_int_equal(unknown.status, DB_OK);
}

static void test_many(void **state)
{
    (void)state;
    static struct asker askers[USERS + 100];
    for (int i = 0; i < USERS + 100; i++) {
        ask_user(&askers[i], i);
    }
    for (int i = 0; i < USERS + 100; i++) {
        wait_for(&askers[i]);
    }
    for (int i = 0; i < USERS; i++) {
        is_user(&askers[i], i);
    }
    for (int i = USERS; i < USERS + 100; i++) {
        assert_int_equal(askers[i].done, 1);
        assert_int_equal(askers[i].status, DB_OK);
        assert_false(askers[i].known);
    }
    assert_int_equal(batches(), 7); /* 400 names, 64 in a batch */
}

static void test_duplicates_and_odd_names(void **state)
{
    (void)state;
    struct asker same[5], odd[ODD_NAMES], last;
    for (int i = 0; i < 5; i++) {
        ask_user(&same[i], 7);
    }
    for (size_t i = 0; i < ODD_NAMES; i++) {
        ask(&odd[i], odd_names[i]);
    }
    ask_user(&last, 8);
    wait_for(&last);
    for (int i = 0; i < 5; i++) {
        is_user(&same[i], 7);
    }
    for (size_t i = 0; i < ODD_NAMES; i++) {
        assert_int_equal(odd[i].done, 1);
        assert_int_equal(odd[i].status, DB_OK);
        assert_true(odd[i].known);
        assert_int_equal(odd[i].id, 1000 + (int)i);
    }
    is_user(&last, 8);
    assert_int_equal(batches(), 1);
}

static bool either_done(void *arg)
{
    const struct asker *askers = arg;
    return askers[0].done + askers[30].done > 0;
}

static void test_cancel(void **state)
{
    (void)state;
    static struct asker askers[200], last;
    for (int i = 0; i < 200; i++) {
        ask_user(&askers[i], i);
    }
    account_lookup_cancel(lookup, &askers[10].request); /* not sent yet */
    loop_turns(fixture.loop, 1);
    account_lookup_cancel(lookup, &askers[20].request);  /* in flight */
    account_lookup_cancel(lookup, &askers[199].request); /* waiting for its batch */
    account_lookup_cancel(lookup, &askers[199].request);
    askers[0].victim = &askers[30]; /* the callback that comes first cancels the other asker */
    askers[30].victim = &askers[0];
    ask_user(&last, 9);
    wait_for(&last);
    is_user(&last, 9);
    loop_run_until(fixture.loop, either_done, askers);
    assert_int_equal(askers[0].done + askers[30].done, 1);
    for (int i = 1; i < 200; i++) {
        if (i == 10 || i == 20 || i == 199) {
            assert_int_equal(askers[i].done, 0);
        } else if (i != 30) {
            wait_for(&askers[i]);
            is_user(&askers[i], i);
        }
    }
}

/* With a hung server, every asker gets an answer: those in flight and those that wait. */
static void test_deadline(void **state)
{
    (void)state;
    static struct asker askers[200];
    server_signal(SIGSTOP);
    for (int i = 0; i < 200; i++) {
        ask_user(&askers[i], i);
    }
    for (int i = 0; i < 200; i++) {
        wait_for(&askers[i]);
    }
    for (int i = 0; i < 200; i++) {
        assert_int_equal(askers[i].done, 1);
        assert_int_equal(askers[i].status, DB_TIMEOUT);
        assert_false(askers[i].known);
    }
    server_signal(SIGCONT);
    struct asker again;
    ask_user(&again, 1);
    wait_for(&again);
    is_user(&again, 1);
}

/* An error of a batch is not reported as an unknown user. */
static void test_failed_batch(void **state)
{
    (void)state;
    server_sql("ALTER TABLE authd.test_name RENAME TO test_name_away");
    struct asker asker;
    ask_user(&asker, 1);
    wait_for(&asker);
    assert_true(asker.status != DB_OK);
    server_sql("ALTER TABLE authd.test_name_away RENAME TO test_name");
    ask_user(&asker, 1);
    wait_for(&asker);
    is_user(&asker, 1);
}

/* The lookup is destroyed after its askers were cancelled, with batches in flight. */
static void test_destroy_in_flight(void **state)
{
    (void)state;
    struct asker asker;
    ask_user(&asker, 1);
    loop_turns(fixture.loop, 1);
    account_lookup_cancel(lookup, &asker.request);
    assert_int_equal(asker.done, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_schema_function, setup_unchanged, teardown),
        TEST(test_many),
        TEST(test_duplicates_and_odd_names),
        TEST(test_cancel),
        TEST(test_deadline),
        TEST(test_failed_batch),
        TEST(test_destroy_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
