/* The cache of scopes on a real database: one query serves all requests for a document, no entry is
 * stale, the size is bounded, and an unreadable document is "cannot tell". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../store/fixture.h"
#include "scope/scope_cache.h"

#define CACHE_MAX 1024 /* documents; see scope/scope_cache.c */

static struct fixture fixture;
static struct scope_cache *cache;

struct asker {
    struct scope_request request; /* the first member, so that a request can be cast to its asker */
    int done;
    enum reason trouble;
    int found;            /* documents */
    struct asker *victim; /* an asker that the callback cancels */
    struct asker *next;   /* an asker that asks in the callback */
};

static void ask(struct asker *asker);

static void on_done(struct scope_request *request, enum reason trouble)
{
    struct asker *asker = (struct asker *)request;

    asker->done++;
    asker->trouble = trouble;
    for (size_t i = 0; i < SCOPE_LEVELS; i++) {
        asker->found += request->set.scopes[i] != NULL && scope_needs_mta(request->set.scopes[i]);
    }
    if (asker->victim != NULL) {
        scope_cache_cancel(cache, &asker->victim->request);
    }
    if (asker->next != NULL) {
        ask(asker->next);
    }
}

/* An answer at once counts as done. */
static void ask(struct asker *asker)
{
    enum reason trouble = REASON_STOPPING;

    asker->request.done = on_done;
    if (scope_cache_get(cache, &asker->request, &trouble)) {
        on_done(&asker->request, trouble);
    } else {
        assert_int_equal(trouble, REASON_STOPPING);
    }
}

static const char *document(int number)
{
    static char text[64];

    snprintf(text, sizeof(text), "{\"max_recipients\":%d,\"v\":1}", number);
    return text;
}

/* Names the documents of these numbers; 0: no document at that level. */
static void name(struct asker *asker, int site, int user, int credential)
{
    const int numbers[SCOPE_LEVELS] = {
        [SCOPE_OF_SITE] = site, [SCOPE_OF_USER] = user, [SCOPE_OF_CREDENTIAL] = credential};

    *asker = (struct asker){0};
    for (size_t i = 0; i < SCOPE_LEVELS; i++) {
        if (numbers[i] != 0) {
            scope_hash(document(numbers[i]), asker->request.set.names[i].hash);
        }
    }
}

static void store(const char *text)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO authd.scope_document (hash, canonical) "
             "SELECT encode(sha256(convert_to(t, 'UTF8')), 'hex'), t FROM (VALUES ('%s')) AS v (t)",
             text);
    server_sql(sql);
}

static bool is_done(void *arg)
{
    return ((const struct asker *)arg)->done > 0;
}

static void wait_for(struct asker *asker)
{
    loop_run_until(fixture.loop, is_done, asker);
    assert_int_equal(asker->done, 1);
}

static long calls(void)
{
    return server_number("SELECT last_value FROM authd.test_calls");
}

/* Replaces authd.scope_document() by a function that counts its calls; `extra` runs first. */
static void replace_function(const char *extra)
{
    char sql[1024];

    snprintf(sql, sizeof(sql),
             "CREATE SEQUENCE IF NOT EXISTS authd.test_calls; SELECT setval('authd.test_calls', 1);"
             "ALTER SEQUENCE authd.test_calls OWNER TO authd_owner;"
             "CREATE OR REPLACE FUNCTION authd.scope_document(hash text) RETURNS text "
             "LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
             "PERFORM nextval('authd.test_calls'); %s "
             "RETURN (SELECT canonical FROM authd.scope_document AS held "
             "WHERE held.hash = scope_document.hash); END $$",
             extra);
    server_sql(sql);
}

static int set_up(void **state)
{
    (void)state;
    server_sql("DELETE FROM authd.scope_document");
    replace_function("");
    cache = scope_cache_create(fixture.db);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scope_cache_destroy(cache);
    return 0;
}

static int open_database(void **state)
{
    (void)state;
    fixture_open_up(&fixture);
    return 0;
}

static int close_database(void **state)
{
    (void)state;
    fixture_close(&fixture);
    return 0;
}

static void test_nothing_to_ask(void **state)
{
    (void)state;
    struct asker asker;

    name(&asker, 0, 0, 0);
    ask(&asker);
    assert_int_equal(asker.done, 1);
    assert_int_equal(asker.trouble, REASON_NONE);
    assert_int_equal(calls(), 1);
}

static void test_one_question(void **state)
{
    (void)state;
    struct asker askers[50];
    struct asker later;

    store(document(1));
    store(document(2));
    store(document(3));
    for (size_t i = 0; i < 50; i++) {
        name(&askers[i], 1, 2, i % 2 == 0 ? 3 : 1);
        ask(&askers[i]);
        assert_int_equal(askers[i].done, 0);
    }
    for (size_t i = 0; i < 50; i++) {
        wait_for(&askers[i]);
        assert_int_equal(askers[i].trouble, REASON_NONE);
        assert_int_equal(askers[i].found, 3);
    }
    assert_int_equal(calls(), 4); // three documents; the sequence began at 1
    name(&later, 3, 1, 2);
    ask(&later);
    assert_int_equal(later.done, 1);
    assert_int_equal(later.found, 3);
}

static void test_gone(void **state)
{
    (void)state;
    struct asker first;
    struct asker second;

    store(document(1));
    name(&first, 1, 2, 0);
    ask(&first);
    wait_for(&first);
    assert_int_equal(first.trouble, REASON_SCOPE_GONE);
    store(document(2)); // the document came back: the cache does not remember that it was missing
    name(&second, 1, 2, 0);
    ask(&second);
    wait_for(&second);
    assert_int_equal(second.trouble, REASON_NONE);
    assert_int_equal(second.found, 2);
}

static void check_unreadable(const char *text)
{
    struct asker askers[3];

    for (size_t i = 0; i < 3; i++) {
        askers[i] = (struct asker){0};
        scope_hash(text, askers[i].request.set.names[SCOPE_OF_CLASS].hash);
        ask(&askers[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        wait_for(&askers[i]);
        assert_int_equal(askers[i].trouble, REASON_SCOPE_UNREADABLE);
    }

    long before = calls();

    askers[0].done = 0;
    ask(&askers[0]); // a document of this name stays unreadable
    assert_int_equal(askers[0].done, 1);
    assert_int_equal(askers[0].trouble, REASON_SCOPE_UNREADABLE);
    assert_int_equal(calls(), before);
}

static void test_newer(void **state)
{
    (void)state;
    static const char newer[] = "{\"moon\":\"full\",\"v\":1}";

    store(newer);
    check_unreadable(newer);
}

static void test_other_content(void **state)
{
    (void)state;
    replace_function("RETURN '{\"max_recipients\":9,\"v\":1}';");
    check_unreadable(document(8));
    replace_function("RETURN '{\"v\":1';");
    check_unreadable("{\"v\":1");
}

static void test_database_error(void **state)
{
    (void)state;
    struct asker asker;

    store(document(1));
    replace_function("RAISE EXCEPTION 'no';");
    name(&asker, 1, 0, 0);
    ask(&asker);
    wait_for(&asker);
    assert_int_equal(asker.trouble, REASON_DATABASE_ERROR);
    replace_function("");
    name(&asker, 1, 0, 0);
    ask(&asker);
    wait_for(&asker);
    assert_int_equal(asker.trouble, REASON_NONE);
    assert_int_equal(asker.found, 1);
}

static void test_database_slow(void **state)
{
    (void)state;
    struct asker asker;

    store(document(1));
    replace_function("PERFORM pg_sleep(4);");
    name(&asker, 1, 0, 0);
    ask(&asker);
    wait_for(&asker);
    assert_int_equal(asker.trouble, REASON_DATABASE_SLOW);
    replace_function("");
}

static void test_cancel(void **state)
{
    (void)state;
    struct asker askers[4];

    store(document(1));
    store(document(2));
    for (size_t i = 0; i < 4; i++) {
        name(&askers[i], 1, 2, 0);
    }
    askers[0].victim = &askers[2];
    for (size_t i = 0; i < 4; i++) {
        ask(&askers[i]);
    }
    scope_cache_cancel(cache, &askers[1].request);
    scope_cache_cancel(cache, &askers[1].request);
    wait_for(&askers[0]);
    wait_for(&askers[3]);
    assert_int_equal(askers[1].done, 0);
    assert_int_equal(askers[2].done, 0);
    assert_int_equal(askers[3].found, 2);
}

/* All requests are cancelled: the document on its way is kept for the next request. */
static void test_cancel_all(void **state)
{
    (void)state;
    struct asker gone;
    struct asker other;

    store(document(1));
    store(document(2));
    name(&gone, 1, 0, 0);
    ask(&gone);
    scope_cache_cancel(cache, &gone.request);
    name(&other, 1, 2, 0);
    ask(&other);
    wait_for(&other);
    assert_int_equal(other.found, 2);
    assert_int_equal(gone.done, 0);
    assert_int_equal(calls(), 3);
}

/* The callback of a failure asks for the same document again. */
static void test_again_in_callback(void **state)
{
    (void)state;
    struct asker first;
    struct asker second;

    name(&first, 1, 0, 0);
    name(&second, 1, 0, 0);
    first.next = &second;
    ask(&first);
    wait_for(&first);
    assert_int_equal(first.trouble, REASON_SCOPE_GONE);
    wait_for(&second);
    assert_int_equal(second.trouble, REASON_SCOPE_GONE);
    assert_int_equal(calls(), 3);
}

static void test_bounded(void **state)
{
    (void)state;
    server_sql("INSERT INTO authd.scope_document (hash, canonical) "
               "SELECT encode(sha256(convert_to(t, 'UTF8')), 'hex'), t FROM "
               "(SELECT format('{\"max_recipients\":%s,\"v\":1}', n) FROM "
               "generate_series(1, 1100) AS n) AS v (t)");
    for (int i = 1; i <= CACHE_MAX + 1; i += 5) { // 1025 documents
        struct asker five = {0};
        struct asker often;

        for (int level = 0; level < SCOPE_LEVELS; level++) {
            scope_hash(document(i + level), five.request.set.names[level].hash);
        }
        ask(&five);
        wait_for(&five);
        assert_int_equal(five.found, 5);
        name(&often, 1, 0, 0); // document 1 is used all the time
        ask(&often);
        assert_int_equal(often.done, 1);
    }

    long before = calls();
    struct asker asker;

    name(&asker, CACHE_MAX, 3, 1);
    ask(&asker);
    assert_int_equal(asker.done, 1); // still in the cache
    assert_int_equal(calls(), before);
    name(&asker, 2, 0, 0); // document 2 was the least recently used, and was dropped
    ask(&asker);
    assert_int_equal(asker.done, 0);
    wait_for(&asker);
    assert_int_equal(calls(), before + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nothing_to_ask), TEST(one_question),      TEST(gone),          TEST(newer),
        TEST(other_content),  TEST(database_error),    TEST(database_slow), TEST(cancel),
        TEST(cancel_all),     TEST(again_in_callback), TEST(bounded),
    };
    return cmocka_run_group_tests(tests, open_database, close_database);
}
