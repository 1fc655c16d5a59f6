/* The verdicts of scopes on logins: one table of documents, facts and verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scope/scope.h"

#define NOON_2026 1767268800 /* 2026-01-01T12:00:00Z */

static struct scope *parse(const char *members)
{
    char text[1024];
    struct scope_flaw flaw;

    snprintf(text, sizeof(text), "{\"v\":1%s%s}", members[0] != '\0' ? "," : "", members);

    json_t *json = json_loads(text, 0, NULL);
    struct scope *scope = json != NULL ? scope_parse(json, &flaw) : NULL;

    if (scope == NULL) {
        fail_msg("%s: %s %s", text, flaw.pointer, flaw.text);
    }
    json_decref(json);
    return scope;
}

struct row {
    const char *members;
    enum scope_verdict verdict;
    const char *client; /* NULL: 192.0.2.7 */
    bool no_tls;
    const char *mechanism; /* NULL: PLAIN; "": unknown */
    const char *service;   /* NULL: smtp; "": unknown */
    int64_t now;           /* 0: NOON_2026 */
    int minute;            /* of the week */
};

#define EVERYTHING                                                                                 \
    "\"networks\":{\"allow\":[\"10.0.0.0/8\"]},\"tls\":{\"required\":true},\"mechanisms\":["       \
    "\"LOGIN\"],\"services\":[\"imap\"],\"time\":{\"tz\":\"UTC\",\"windows\":[]}"
#define AT(day, hour, minute) (((day)*24 + (hour)) * 60 + (minute))
#define HOURS(days, from, to)                                                                      \
    "\"time\":{\"tz\":\"UTC\",\"windows\":[{\"days\":\"" days "\",\"from\":\"" from                \
    "\",\"to\":\"" to "\"}]}"

static const struct row rows[] = {
    {"", SCOPE_OK, .client = "", .no_tls = true, .mechanism = "", .service = "", .minute = -1},
    /* terms that only the MTA enforces let a login pass */
    {"\"envelope_from\":{\"allow\":[]},\"rates\":[{\"count\":\"messages\",\"n\":1,\"per\":\"1d\"}]",
     .verdict = SCOPE_OK},
    /* not_before belongs to the period, expires does not */
    {"\"not_before\":\"2026-01-01T12:00:00Z\"", .verdict = SCOPE_OK},
    {"\"not_before\":\"2026-01-01T12:00:01Z\"", .verdict = SCOPE_NOT_BEFORE},
    {"\"expires\":\"2026-01-01T12:00:01Z\"", .verdict = SCOPE_OK},
    {"\"expires\":\"2026-01-01T12:00:00Z\"", .verdict = SCOPE_EXPIRED},
    /* mechanism, service */
    {"\"mechanisms\":[\"PLAIN\"]", .verdict = SCOPE_OK},
    {"\"mechanisms\":[\"PLAIN\"]", SCOPE_OK, .mechanism = "plain"},
    {"\"mechanisms\":[\"PLAIN\"]", SCOPE_MECHANISM, .mechanism = "LOGIN"},
    {"\"mechanisms\":[\"PLAIN\"]", SCOPE_MECHANISM, .mechanism = ""},
    {"\"mechanisms\":[]", .verdict = SCOPE_MECHANISM},
    {"\"services\":[\"SMTP\",\"sieve\"]", .verdict = SCOPE_OK},
    {"\"services\":[\"smtp\"]", SCOPE_OK, .service = "SMTP"},
    {"\"services\":[\"smtp\"]", SCOPE_SERVICE, .service = "imap"},
    {"\"services\":[\"smtp\"]", SCOPE_SERVICE, .service = ""},
    {"\"services\":[]", .verdict = SCOPE_SERVICE},
    /* TLS, network */
    {"\"tls\":{\"required\":true}", .verdict = SCOPE_OK},
    {"\"tls\":{\"required\":true}", SCOPE_TLS, .no_tls = true},
    {"\"tls\":{\"required\":false}", SCOPE_OK, .no_tls = true},
    {"\"networks\":{\"allow\":[\"2001:db8::/32\",\"192.0.2.0/24\"]}", .verdict = SCOPE_OK},
    {"\"networks\":{\"allow\":[\"192.0.2.0/24\"]}", SCOPE_OK, .client = "::ffff:192.0.2.9"},
    {"\"networks\":{\"allow\":[\"192.0.2.0/24\"]}", SCOPE_NETWORK, .client = "192.0.3.1"},
    {"\"networks\":{\"allow\":[\"0.0.0.0/0\"]}", SCOPE_NETWORK, .client = "2001:db8::1"},
    {"\"networks\":{\"allow\":[\"0.0.0.0/0\",\"::/0\"]}", SCOPE_NETWORK, .client = ""},
    {"\"networks\":{\"allow\":[]}", .verdict = SCOPE_NETWORK},
    /* windows of time; Monday is day 0 */
    {HOURS("mon-fri", "07:00", "19:00"), SCOPE_TIME, .minute = AT(0, 6, 59)},
    {HOURS("mon-fri", "07:00", "19:00"), SCOPE_OK, .minute = AT(0, 7, 0)},
    {HOURS("mon-fri", "07:00", "19:00"), SCOPE_OK, .minute = AT(4, 18, 59)},
    {HOURS("mon-fri", "07:00", "19:00"), SCOPE_TIME, .minute = AT(4, 19, 0)},
    {HOURS("mon-fri", "07:00", "19:00"), SCOPE_TIME, .minute = AT(5, 12, 0)},
    {HOURS("sat,sun", "00:00", "24:00"), SCOPE_OK, .minute = AT(6, 23, 59)},
    {HOURS("sat,sun", "00:00", "24:00"), SCOPE_TIME, .minute = AT(0, 0, 0)},
    {HOURS("fri", "22:00", "06:00"), SCOPE_OK, .minute = AT(4, 22, 0)},
    {HOURS("fri", "22:00", "06:00"), SCOPE_OK, .minute = AT(5, 5, 59)},
    {HOURS("fri", "22:00", "06:00"), SCOPE_TIME, .minute = AT(5, 6, 0)},
    {HOURS("fri", "22:00", "06:00"), SCOPE_TIME, .minute = AT(4, 5, 0)},
    {HOURS("sun", "22:00", "06:00"), SCOPE_OK, .minute = AT(0, 1, 0)},
    {HOURS("mon-sun", "00:00", "24:00"), SCOPE_TIME, .minute = -1},
    {HOURS("mon-sun", "00:00", "24:00"), SCOPE_TIME, .minute = AT(7, 0, 0)},
    {"\"time\":{\"tz\":\"UTC\",\"windows\":[]}", .verdict = SCOPE_TIME},
    /* the order: terms on the credential come before terms on place and time */
    {EVERYTHING ",\"not_before\":\"2030-01-01T00:00:00Z\"", SCOPE_NOT_BEFORE, .no_tls = true},
    {EVERYTHING ",\"expires\":\"2020-01-01T00:00:00Z\"", SCOPE_EXPIRED, .no_tls = true},
    {EVERYTHING, SCOPE_MECHANISM, .no_tls = true},
    {EVERYTHING, SCOPE_SERVICE, .no_tls = true, .mechanism = "LOGIN"},
    {EVERYTHING, SCOPE_TLS, .no_tls = true, .mechanism = "LOGIN", .service = "imap"},
    {EVERYTHING, SCOPE_NETWORK, .mechanism = "LOGIN", .service = "imap"},
    {EVERYTHING, SCOPE_TIME, .mechanism = "LOGIN", .service = "imap", .client = "10.1.2.3"},
};

static const char *or_default(const char *value, const char *usual)
{
    if (value == NULL) {
        return usual;
    }
    return value[0] != '\0' ? value : NULL;
}

static void test_verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct scope *scope = parse(row->members);
        const char *client = or_default(row->client, "192.0.2.7");
        struct scope_facts facts = {
            .tls = !row->no_tls,
            .mechanism = or_default(row->mechanism, "PLAIN"),
            .service = or_default(row->service, "smtp"),
            .now = NOON_2026,
            .local_minute = row->minute,
        };

        network_address_parse(span_of(client != NULL ? client : ""), &facts.client);

        enum scope_verdict verdict = scope_auth(scope, &facts);

        if (verdict != row->verdict) {
            fail_msg("row %zu, %s: %s, not %s", i, row->members, scope_verdict_word(verdict),
                     scope_verdict_word(row->verdict));
        }
        scope_destroy(scope);
    }
}

static void test_mode(void **state)
{
    (void)state;
    struct scope *scope = parse("\"mode\":\"monitor\",\"monitor_until\":\"2026-01-01T12:00:00Z\","
                                "\"tls\":{\"required\":true}");
    struct scope_facts facts = {.now = NOON_2026 - 1, .local_minute = -1};

    assert_false(scope_enforced(scope, NOON_2026 - 1));
    assert_true(scope_enforced(scope, NOON_2026)); // mode monitor has ended: the rules are enforced
    assert_int_equal(scope_monitor_until(scope), NOON_2026);
    assert_int_equal(scope_auth(scope, &facts), SCOPE_TLS);
    scope_destroy(scope);

    scope = parse("");
    assert_true(scope_enforced(scope, 0));
    assert_int_equal(scope_monitor_until(scope), 0);
    scope_destroy(scope);
}

static void test_needs_mta(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        bool needs;
    } terms[] = {
        {"", false},
        {EVERYTHING, false},
        {"\"not_before\":\"2026-01-01T00:00:00Z\",\"expires\":\"2027-01-01T00:00:00Z\"", false},
        {"\"rates\":[]", false},
        {"\"envelope_from\":{\"allow\":[]}", true},
        {"\"header_from\":{\"allow\":[\"@self\"]}", true},
        {"\"recipients\":{\"allow\":[]}", true},
        {"\"recipients\":{\"deny\":[]}", true},
        {"\"max_size\":1", true},
        {"\"max_recipients\":1", true},
        {"\"rates\":[{\"count\":\"bytes\",\"n\":1,\"per\":\"1s\"}]", true},
    };

    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
        struct scope *scope = parse(terms[i].members);

        if (scope_needs_mta(scope) != terms[i].needs) {
            fail_msg("%s", terms[i].members);
        }
        scope_destroy(scope);
    }
}

static void test_tz(void **state)
{
    (void)state;
    struct scope *scope = parse(HOURS("mon", "07:00", "19:00"));

    assert_string_equal(scope_tz(scope), "UTC");
    scope_destroy(scope);
    scope = parse("");
    assert_null(scope_tz(scope));
    scope_destroy(scope);
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *hash; /* NULL: refused */
        int minute;
    } words[] = {
        {"-", "", -1},
        {HASH, HASH, -1},
        {HASH "@0", HASH, 0},
        {HASH "@10079", HASH, 10079},
        {HASH "@10080", NULL, 0},
        {HASH "@100790", NULL, 0},
        {HASH "@", NULL, 0},
        {HASH "@-1", NULL, 0},
        {HASH "0", NULL, 0},
        {"@5", NULL, 0},
        {"-@5", NULL, 0},
        {"", NULL, 0},
        {"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL, 0},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct scope_name name;
        bool taken = scope_name_parse(span_of(words[i].word), &name);

        if (taken != (words[i].hash != NULL)) {
            fail_msg("%s: %s", words[i].word, taken ? "taken" : "refused");
        }
        if (taken) {
            assert_string_equal(name.hash, words[i].hash);
            assert_int_equal(name.minute, words[i].minute);
        }
    }
}

#define MONITOR     "\"mode\":\"monitor\",\"monitor_until\":\"2026-01-02T00:00:00Z\","
#define MONITOR_OLD "\"mode\":\"monitor\",\"monitor_until\":\"2026-01-01T00:00:00Z\","
#define TLS         "\"tls\":{\"required\":true}"
#define MTA         "\"max_recipients\":1"
#define NOWHERE     "\"networks\":{\"allow\":[]}"

/* Documents at several levels (NULL: no document), and facts in which only the time is known. */
static void test_rule(void **state)
{
    (void)state;
    static const struct {
        const char *members[SCOPE_LEVELS];
        bool plain;
        enum scope_verdict verdict;
        enum scope_level level;
        enum scope_verdict monitored;
        enum scope_level monitored_level;
    } sets[] = {
        {.verdict = SCOPE_OK},
        {.members = {"", "", "", "", ""}, .plain = true, .verdict = SCOPE_OK},
        {.members = {TLS, NOWHERE}, .verdict = SCOPE_TLS, .level = SCOPE_OF_SITE},
        {.members = {"", NOWHERE, TLS}, .verdict = SCOPE_NETWORK, .level = SCOPE_OF_DOMAIN},
        {.members = {NULL, NULL, TLS}, .verdict = SCOPE_TLS, .level = SCOPE_OF_CLASS},
        {.members = {NULL, NULL, NULL, TLS}, .verdict = SCOPE_TLS, .level = SCOPE_OF_USER},
        {.members = {[4] = TLS}, .verdict = SCOPE_TLS, .level = SCOPE_OF_CREDENTIAL},
        /* a term for the policy service refuses only where that service is not asked (plain) */
        {.members = {[3] = MTA}, .verdict = SCOPE_OK},
        {.members = {[3] = MTA}, .plain = true, .verdict = SCOPE_NEEDS_MTA, .level = SCOPE_OF_USER},
        {.members = {MTA, TLS}, .plain = true, .verdict = SCOPE_NEEDS_MTA, .level = SCOPE_OF_SITE},
        {.members = {TLS "," MTA}, .plain = true, .verdict = SCOPE_TLS, .level = SCOPE_OF_SITE},
        /* a monitored document refuses no login, and does not weaken other documents */
        {.members = {MONITOR TLS},
         .verdict = SCOPE_OK,
         .monitored = SCOPE_TLS,
         .monitored_level = SCOPE_OF_SITE},
        {.members = {MONITOR MTA},
         .plain = true,
         .verdict = SCOPE_OK,
         .monitored = SCOPE_NEEDS_MTA,
         .monitored_level = SCOPE_OF_SITE},
        {.members = {NULL, MONITOR TLS, NOWHERE, MONITOR NOWHERE},
         .verdict = SCOPE_NETWORK,
         .level = SCOPE_OF_CLASS,
         .monitored = SCOPE_TLS,
         .monitored_level = SCOPE_OF_DOMAIN},
        {.members = {MONITOR_OLD TLS}, .verdict = SCOPE_TLS, .level = SCOPE_OF_SITE},
    };

    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        const struct scope_facts facts = {.now = NOON_2026, .local_minute = 1};
        struct scope *scopes[SCOPE_LEVELS] = {NULL};
        struct scope_set set = {0};

        for (size_t level = 0; level < SCOPE_LEVELS; level++) {
            if (sets[i].members[level] != NULL) {
                set.scopes[level] = scopes[level] = parse(sets[i].members[level]);
            }
        }

        struct scope_ruling ruling = scope_rule(&set, &facts, sets[i].plain);

        if (ruling.verdict != sets[i].verdict || ruling.level != sets[i].level ||
            ruling.monitored != sets[i].monitored ||
            ruling.monitored_level != sets[i].monitored_level) {
            fail_msg("set %zu: %s of %s, monitored %s of %s", i, scope_verdict_word(ruling.verdict),
                     scope_level_word(ruling.level), scope_verdict_word(ruling.monitored),
                     scope_level_word(ruling.monitored_level));
        }
        for (size_t level = 0; level < SCOPE_LEVELS; level++) {
            scope_destroy(scopes[level]);
        }
    }
}

/* Each document is checked in its own time zone. */
static void test_minutes(void **state)
{
    (void)state;
    struct scope *scope = parse(HOURS("mon", "07:00", "19:00"));
    const struct scope_facts facts = {.now = NOON_2026, .local_minute = AT(0, 8, 0)};
    struct scope_set set = {.scopes = {scope, scope}};

    set.names[0].minute = AT(0, 8, 0);
    set.names[1].minute = AT(0, 20, 0);

    struct scope_ruling ruling = scope_rule(&set, &facts, false);

    assert_int_equal(ruling.verdict, SCOPE_TIME);
    assert_int_equal(ruling.level, SCOPE_OF_DOMAIN);
    scope_destroy(scope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),  cmocka_unit_test(test_mode),
        cmocka_unit_test(test_needs_mta), cmocka_unit_test(test_tz),
        cmocka_unit_test(test_names),     cmocka_unit_test(test_rule),
        cmocka_unit_test(test_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
