/* Sending scope documents: the canonical form of every member, the pointer and sentence of every
 * flaw, bounds, and the hash that names a document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scope/scope.h"

static json_t *load(const char *text)
{
    json_error_t error;
    json_t *json =
        json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (json == NULL) {
        fail_msg("%s: %s", text, error.text);
    }
    return json;
}

static char *canonical(const char *text)
{
    json_t *json = load(text);
    char *result = scope_canonical(json);

    json_decref(json);
    return result;
}

/* A document with every member, as the contract has it. */
static const char contract[] =
    "{ \"v\": 1, \"mode\": \"enforce\", \"monitor_until\": null,"
    "  \"envelope_from\": { \"allow\": [\"@self\", \"*@lists.example.org\", "
    "\"*@*.dev.example.org\"], \"null_sender\": false },"
    "  \"header_from\":   { \"allow\": [\"@self\"], \"align\": \"none\" },"
    "  \"recipients\":    { \"allow\": [\"*@partner.example\"], \"deny\": "
    "[\"*@internal.example\"] },"
    "  \"networks\":      { \"allow\": [\"192.0.2.0/24\", \"2001:db8::/32\"] },"
    "  \"tls\":           { \"required\": true },"
    "  \"mechanisms\":    [\"PLAIN\", \"OAUTHBEARER\"], \"services\": [\"smtp\"],"
    "  \"time\":          { \"tz\": \"Europe/Berlin\", \"windows\": [ { \"days\": \"mon-fri\", "
    "\"from\": \"07:00\", \"to\": \"19:00\" } ] },"
    "  \"not_before\": \"2026-01-01T00:00:00Z\", \"expires\": \"2026-12-31T00:00:00Z\","
    "  \"max_size\": 10485760, \"max_recipients\": 50,"
    "  \"rates\": [ { \"count\": \"recipients\", \"n\": 500, \"per\": \"1h\" },"
    "             { \"count\": \"new_recipients\", \"n\": 200, \"per\": \"24h\", \"of\": \"each\" "
    "} ] }";

static const char contract_canonical[] =
    "{\"envelope_from\":{\"allow\":[\"*@*.dev.example.org\",\"*@lists.example.org\",\"@self\"]},"
    "\"expires\":\"2026-12-31T00:00:00Z\",\"header_from\":{\"allow\":[\"@self\"]},"
    "\"max_recipients\":50,\"max_size\":10485760,\"mechanisms\":[\"OAUTHBEARER\",\"PLAIN\"],"
    "\"networks\":{\"allow\":[\"192.0.2.0/24\",\"2001:db8::/32\"]},"
    "\"not_before\":\"2026-01-01T00:00:00Z\","
    "\"rates\":[{\"count\":\"new_recipients\",\"n\":200,\"per\":\"1d\"},"
    "{\"count\":\"recipients\",\"n\":500,\"per\":\"1h\"}],"
    "\"recipients\":{\"allow\":[\"*@partner.example\"],\"deny\":[\"*@internal.example\"]},"
    "\"services\":[\"smtp\"],"
    "\"time\":{\"tz\":\"Europe/Berlin\",\"windows\":[{\"days\":\"mon-fri\",\"from\":\"07:00\","
    "\"to\":\"19:00\"}]},\"tls\":{\"required\":true},\"v\":1}";

static void test_contract(void **state)
{
    (void)state;
    char *text = canonical(contract);

    assert_string_equal(text, contract_canonical);
    free(text);
}

/* Members beside "v", as given and in canonical form. */
static void test_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"\"mode\":\"enforce\",\"monitor_until\":null,\"not_before\":null,\"expires\":null", ""},
        {"\"mode\":\"monitor\",\"monitor_until\":\"2026-02-28T23:59:59+00:00\"",
         "\"mode\":\"monitor\",\"monitor_until\":\"2026-02-28T23:59:59Z\","},
        {"\"tls\":{\"required\":false}", ""},
        {"\"rates\":[]", ""},
        /* moments */
        {"\"expires\":\"2028-02-29t12:00:00z\"", "\"expires\":\"2028-02-29T12:00:00Z\","},
        {"\"expires\":\"2026-01-01T01:30:00+02:00\"", "\"expires\":\"2025-12-31T23:30:00Z\","},
        {"\"expires\":\"2026-12-31T23:30:00-01:30\"", "\"expires\":\"2027-01-01T01:00:00Z\","},
        {"\"expires\":\"9999-12-31T23:59:59Z\"", "\"expires\":\"9999-12-31T23:59:59Z\","},
        {"\"expires\":\"1970-01-01T00:00:01Z\"", "\"expires\":\"1970-01-01T00:00:01Z\","},
        {"\"expires\":\"2000-03-01T00:00:00Z\"", "\"expires\":\"2000-03-01T00:00:00Z\","},
        /* patterns */
        {"\"envelope_from\":{\"allow\":[\"Alice@Example.ORG.\",\"@B\303\274cher.example\"]}",
         "\"envelope_from\":{\"allow\":[\"*@xn--bcher-kva.example\",\"alice@example.org\"]},"},
        {"\"envelope_from\":{\"allow\":[\"*@*\",\"@*\",\"*@*.X.example\",\"@*.x.example\"],"
         "\"null_sender\":true}",
         "\"envelope_from\":{\"allow\":[\"*@*\",\"*@*.x.example\"],\"null_sender\":true},"},
        {"\"envelope_from\":{\"allow\":[\"Bounce-*@x.example\",\"news.*@x.example\"]}",
         "\"envelope_from\":{\"allow\":[\"bounce-*@x.example\",\"news.*@x.example\"]},"},
        {"\"header_from\":{\"allow\":[\"STRA\303\237E*@x.example\"],\"align\":\"envelope\"}",
         "\"header_from\":{\"align\":\"envelope\",\"allow\":[\"strasse*@x.example\"]},"},
        {"\"recipients\":{\"deny\":[]}", "\"recipients\":{\"deny\":[]},"},
        {"\"recipients\":{\"allow\":[\"@self\"]}", "\"recipients\":{\"allow\":[\"@self\"]},"},
        /* lists are sorted and lose repetitions; an empty list stays */
        {"\"networks\":{\"allow\":[\"::ffff:10.0.0.0/104\",\"10.0.0.0/8\",\"2001:DB8::1\"]}",
         "\"networks\":{\"allow\":[\"10.0.0.0/8\",\"2001:db8::1/128\"]},"},
        {"\"networks\":{\"allow\":[]}", "\"networks\":{\"allow\":[]},"},
        {"\"mechanisms\":[\"plain\",\"PLAIN\",\"Login\"]", "\"mechanisms\":[\"LOGIN\",\"PLAIN\"],"},
        {"\"mechanisms\":[]", "\"mechanisms\":[],"},
        {"\"services\":[\"SMTP\",\"submission_2\"]", "\"services\":[\"smtp\",\"submission_2\"],"},
        /* time */
        {"\"time\":{\"tz\":\"UTC\",\"windows\":[]}", "\"time\":{\"tz\":\"UTC\",\"windows\":[]},"},
        {"\"time\":{\"tz\":\"UTC\",\"windows\":[{\"days\":\"SUN,sat\",\"from\":\"22:00\",\"to\":"
         "\"06:00\"},{\"days\":\"fri-mon\",\"from\":\"09:00\",\"to\":\"00:00\"}]}",
         "\"time\":{\"tz\":\"UTC\",\"windows\":[{\"days\":\"sat,sun\",\"from\":\"22:00\",\"to\":"
         "\"06:00\"},{\"days\":\"mon,fri-sun\",\"from\":\"09:00\",\"to\":\"24:00\"}]},"},
        /* rates */
        {"\"rates\":[{\"count\":\"bytes\",\"n\":1,\"per\":\"60s\",\"of\":\"all\"}]",
         "\"rates\":[{\"count\":\"bytes\",\"n\":1,\"of\":\"all\",\"per\":\"1m\"}],"},
        {"\"rates\":[{\"count\":\"messages\",\"n\":3,\"per\":\"90d\",\"of\":\"each\"},"
         "{\"count\":\"messages\",\"n\":2,\"per\":\"90m\"}]",
         "\"rates\":[{\"count\":\"messages\",\"n\":2,\"per\":\"90m\"},"
         "{\"count\":\"messages\",\"n\":3,\"per\":\"90d\"}],"},
        {"\"max_size\":1099511627776,\"max_recipients\":1000000",
         "\"max_recipients\":1000000,\"max_size\":1099511627776,"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char in[1024];
        char out[1024];

        snprintf(in, sizeof(in), "{%s,\"v\":1}", rows[i].in);
        snprintf(out, sizeof(out), "{%s\"v\":1}", rows[i].out);

        char *once = canonical(in);

        if (once == NULL) {
            fail_msg("refused: %s", in);
        }
        assert_string_equal(once, out);

        char *twice = canonical(once);

        assert_string_equal(twice, once);
        free(once);
        free(twice);
    }
}

struct refusal {
    const char *document;
    const char *pointer;
    const char *text; /* a part of the flaw's sentence */
};

#define V         "{\"v\":1,"
#define TEN_DAYS  "mon,mon,mon,mon,mon,mon,mon,mon,mon,mon,"
#define MANY_DAYS TEN_DAYS TEN_DAYS TEN_DAYS TEN_DAYS TEN_DAYS

#define WINDOW(w) V "\"time\":{\"tz\":\"UTC\",\"windows\":[" w "]}}"
#define RATE(r)   V "\"rates\":[" r "]}"

static const struct refusal refusals[] = {
    {"[]", "", "is not an object: write {...}"},
    {"null", "", "is not an object"},
    {"{}", "/v", "is missing: add it"},
    {"{\"v\":2}", "/v", "is not 1, the only version"},
    {"{\"v\":\"1\"}", "/v", "is not 1"},
    {V "\"network\":{\"allow\":[]}}", "/network", "is unknown: leave it out; allowed here"},
    {V "\"a/b~c\":1}", "/a~1b~0c", "is unknown"},
    {V "\"mode\":\"off\"}", "/mode", "is \"off\": write one of enforce, monitor"},
    {V "\"mode\":null}", "/mode", "is not a text"},
    {V "\"mode\":\"monitor\"}", "/monitor_until", "needs an end, at most 30 days ahead"},
    {V "\"mode\":\"monitor\",\"monitor_until\":null}", "/monitor_until", "needs an end"},
    {V "\"monitor_until\":\"2026-01-01T00:00:00Z\"}", "/monitor_until", "is for mode monitor"},
    /* addresses */
    {V "\"envelope_from\":null}", "/envelope_from", "is not an object"},
    {V "\"envelope_from\":{}}", "/envelope_from/allow", "is missing"},
    {V "\"envelope_from\":{\"null_sender\":true}}", "/envelope_from/allow", "is missing"},
    {V "\"envelope_from\":{\"allow\":\"@self\"}}", "/envelope_from/allow",
     "is not a list: write [...]"},
    {V "\"envelope_from\":{\"allow\":[],\"null_sender\":1}}", "/envelope_from/null_sender",
     "is neither true nor false"},
    {V "\"envelope_from\":{\"allow\":[],\"deny\":[]}}", "/envelope_from/deny", "is unknown"},
    {V "\"envelope_from\":{\"allow\":[\"@self\",7]}}", "/envelope_from/allow/1", "is not a text"},
    {V "\"envelope_from\":{\"allow\":[\"\"]}}", "/envelope_from/allow/0", "is not a pattern"},
    {V "\"envelope_from\":{\"allow\":[\"*\"]}}", "/envelope_from/allow/0", "is not a pattern"},
    {V "\"envelope_from\":{\"allow\":[\"alice\"]}}", "/envelope_from/allow/0", "is not a pattern"},
    {V "\"envelope_from\":{\"allow\":[\"a*b@x.example\"]}}", "/envelope_from/allow/0",
     "is not a pattern"},
    {V "\"envelope_from\":{\"allow\":[\"**@x.example\"]}}", "/envelope_from/allow/0",
     "is not a pattern"},
    {V "\"envelope_from\":{\"allow\":[\"a*@*.x.example\"]}}", "/envelope_from/allow/0",
     "is not a pattern"},
    {V "\"envelope_from\":{\"allow\":[\"a@*.x.example\"]}}", "/envelope_from/allow/0",
     "has a domain that is no host name"},
    {V "\"envelope_from\":{\"allow\":[\"*@x.*\"]}}", "/envelope_from/allow/0", "is not a pattern"},
    {V "\"envelope_from\":{\"allow\":[\"*@*x.example\"]}}", "/envelope_from/allow/0",
     "is not a pattern"},
    {V "\"envelope_from\":{\"allow\":[\"a@[192.0.2.1]\"]}}", "/envelope_from/allow/0",
     "has a domain that is no host name"},
    {V "\"envelope_from\":{\"allow\":[\"a b@x.example\"]}}", "/envelope_from/allow/0",
     "has a control character or a blank"},
    {V "\"envelope_from\":{\"allow\":[\"a#b@x.example\"]}}", "/envelope_from/allow/0",
     "has a forbidden character"},
    {V "\"header_from\":{\"allow\":[],\"align\":\"strict\"}}", "/header_from/align",
     "write one of none, domain, envelope"},
    {V "\"header_from\":{\"align\":\"none\"}}", "/header_from/allow", "is missing"},
    {V "\"recipients\":{}}", "/recipients", "has neither allow nor deny"},
    {V "\"recipients\":{\"deny\":[\"x\"]}}", "/recipients/deny/0", "is not a pattern"},
    /* sign-in */
    {V "\"networks\":[\"192.0.2.0/24\"]}", "/networks", "is not an object"},
    {V "\"networks\":{}}", "/networks/allow", "is missing"},
    {V "\"networks\":{\"allow\":[\"192.0.2.1/24\"]}}", "/networks/allow/0", "write 192.0.2.0/24"},
    {V "\"networks\":{\"allow\":[\"192.0.2.0/40\"]}}", "/networks/allow/0", "0 to 32 for IPv4"},
    {V "\"networks\":{\"allow\":[\"mail.example.org\"]}}", "/networks/allow/0",
     "is \"mail.example.org\", not a network: write it like 192.0.2.0/24"},
    {V "\"networks\":{\"allow\":[false]}}", "/networks/allow/0", "is not a text"},
    {V "\"tls\":true}", "/tls", "is not an object"},
    {V "\"tls\":{}}", "/tls/required", "is missing"},
    {V "\"tls\":{\"required\":\"yes\"}}", "/tls/required", "is neither true nor false"},
    {V "\"mechanisms\":\"PLAIN\"}", "/mechanisms", "is not a list"},
    {V "\"mechanisms\":[\"PLAIN LOGIN\"]}", "/mechanisms/0", "is not a SASL mechanism"},
    {V "\"mechanisms\":[\"\"]}", "/mechanisms/0", "is not a SASL mechanism"},
    {V "\"mechanisms\":[\"PLAIN\\u0000\"]}", "/mechanisms/0", "is not a SASL mechanism"},
    {V "\"services\":[\"smtp\",\"im\303\244p\"]}", "/services/1", "is not a service name"},
    /* time */
    {V "\"time\":{\"windows\":[]}}", "/time/tz", "is missing"},
    {V "\"time\":{\"tz\":\"UTC\"}}", "/time/windows", "is missing"},
    {V "\"time\":{\"tz\":\"Berlin'; --\",\"windows\":[]}}", "/time/tz", "not a time zone"},
    {V "\"time\":{\"tz\":\"\",\"windows\":[]}}", "/time/tz", "not a time zone"},
    {WINDOW("7"), "/time/windows/0", "is not an object"},
    {WINDOW("{\"days\":\"mon\",\"from\":\"07:00\"}"), "/time/windows/0/to", "is missing"},
    {WINDOW("{\"days\":\"weekdays\",\"from\":\"07:00\",\"to\":\"08:00\"}"), "/time/windows/0/days",
     "write them like mon-fri or sat,sun"},
    {WINDOW("{\"days\":\"mon,\",\"from\":\"07:00\",\"to\":\"08:00\"}"), "/time/windows/0/days",
     "not days of the week"},
    {WINDOW("{\"days\":\"mon-\",\"from\":\"07:00\",\"to\":\"08:00\"}"), "/time/windows/0/days",
     "not days of the week"},
    {WINDOW("{\"days\":\"\",\"from\":\"07:00\",\"to\":\"08:00\"}"), "/time/windows/0/days",
     "not days of the week"},
    {WINDOW("{\"days\":\"" MANY_DAYS "mon\",\"from\":\"07:00\",\"to\":\"08:00\"}"),
     "/time/windows/0/days", "has 203 octets: at most 200 are allowed"},
    {WINDOW("{\"days\":\"mon\",\"from\":\"7:00\",\"to\":\"08:00\"}"), "/time/windows/0/from",
     "write it like 07:00"},
    {WINDOW("{\"days\":\"mon\",\"from\":\"07:60\",\"to\":\"08:00\"}"), "/time/windows/0/from",
     "not a time of day"},
    {WINDOW("{\"days\":\"mon\",\"from\":\"24:00\",\"to\":\"08:00\"}"), "/time/windows/0/from",
     "is 24:00"},
    {WINDOW("{\"days\":\"mon\",\"from\":\"07:00\",\"to\":\"24:01\"}"), "/time/windows/0/to",
     "not a time of day"},
    {WINDOW("{\"days\":\"mon\",\"from\":\"07:00\",\"to\":\"07:00\"}"), "/time/windows/0",
     "from 00:00 to 24:00"},
    {V "\"expires\":\"2026-12-31\"}", "/expires", "write it like 2026-12-31T00:00:00Z"},
    {V "\"expires\":\"2026-12-31T00:00:00\"}", "/expires", "not a time"},
    {V "\"expires\":\"2026-02-29T00:00:00Z\"}", "/expires", "not a time"},
    {V "\"expires\":\"2026-13-01T00:00:00Z\"}", "/expires", "not a time"},
    {V "\"expires\":\"2026-12-31T24:00:00Z\"}", "/expires", "not a time"},
    {V "\"expires\":\"2026-12-31T23:59:60Z\"}", "/expires", "not a time"},
    {V "\"expires\":\"2026-12-31T00:00:00.5Z\"}", "/expires", "in whole seconds"},
    {V "\"expires\":\"1969-12-31T00:00:00Z\"}", "/expires", "not a time"},
    {V "\"expires\":\"2026-12-31T00:00:00+0200\"}", "/expires", "not a time"},
    {V "\"expires\":1798675200}", "/expires", "is not a text"},
    {V "\"not_before\":\"2026-12-31T00:00:00Z\",\"expires\":\"2026-12-31T01:00:00+01:00\"}",
     "/expires", "is not after not_before"},
    /* limits */
    {V "\"max_size\":0}", "/max_size", "is not between 1 and 1099511627776"},
    {V "\"max_size\":-5}", "/max_size", "is not between"},
    {V "\"max_size\":1.5}", "/max_size", "is not a whole number"},
    {V "\"max_size\":\"10MiB\"}", "/max_size", "is not a whole number"},
    {V "\"max_recipients\":1000001}", "/max_recipients", "is not between 1 and 1000000"},
    {V "\"rates\":{}}", "/rates", "is not a list"},
    {RATE("{\"n\":1,\"per\":\"1h\"}"), "/rates/0/count", "is missing"},
    {RATE("{\"count\":\"mails\",\"n\":1,\"per\":\"1h\"}"), "/rates/0/count",
     "write one of bytes, messages, new_recipients, recipients"},
    {RATE("{\"count\":\"bytes\",\"n\":0,\"per\":\"1h\"}"), "/rates/0/n", "is not between 1 and"},
    {RATE("{\"count\":\"bytes\",\"n\":1,\"per\":\"1w\"}"), "/rates/0/per",
     "not a duration up to 90d"},
    {RATE("{\"count\":\"bytes\",\"n\":1,\"per\":\"91d\"}"), "/rates/0/per", "not a duration"},
    {RATE("{\"count\":\"bytes\",\"n\":1,\"per\":\"0h\"}"), "/rates/0/per", "not a duration"},
    {RATE("{\"count\":\"bytes\",\"n\":1,\"per\":\"h\"}"), "/rates/0/per", "not a duration"},
    {RATE("{\"count\":\"bytes\",\"n\":1,\"per\":\"1h\",\"of\":\"none\"}"), "/rates/0/of",
     "write one of each, all"},
    {RATE("{\"count\":\"bytes\",\"n\":1,\"per\":\"60m\"},{\"count\":\"bytes\",\"n\":2,\"per\":"
          "\"1h\"}"),
     "/rates", "twice: keep the smaller n"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *row = &refusals[i];
        struct scope_flaws flaws;
        json_t *json = load(row->document);
        struct scope *scope = scope_parse_all(json, &flaws);

        if (scope != NULL) {
            fail_msg("taken: %s", row->document);
        }
        if (flaws.count != 1 || strcmp(flaws.items[0].pointer, row->pointer) != 0 ||
            strstr(flaws.items[0].text, row->text) == NULL) {
            fail_msg("%s: %zu flaws, %s %s", row->document, flaws.count, flaws.items[0].pointer,
                     flaws.items[0].text);
        }
        assert_null(scope_canonical(json));
        json_decref(json);
    }
}

/* All flaws are reported, up to a bound, in the order of the contract. */
static void test_many_flaws(void **state)
{
    (void)state;
    struct scope_flaws flaws;
    json_t *json = load("{\"v\":3,\"x\":1,\"max_size\":0,\"networks\":{\"allow\":[\"a\",\"::/0\","
                        "\"b\"]}}");

    assert_null(scope_parse_all(json, &flaws));
    assert_int_equal(flaws.count, 5);
    assert_string_equal(flaws.items[0].pointer, "/x");
    assert_string_equal(flaws.items[1].pointer, "/v");
    assert_string_equal(flaws.items[2].pointer, "/networks/allow/0");
    assert_string_equal(flaws.items[3].pointer, "/networks/allow/2");
    assert_string_equal(flaws.items[4].pointer, "/max_size");
    json_decref(json);

    json = json_pack("{s:i}", "v", 1);
    for (int i = 0; i < 100; i++) {
        char name[500];

        memset(name, '~', sizeof(name));
        snprintf(name, 16, "x%d", i);
        name[strlen(name)] = '~';
        name[sizeof(name) - 1] = '\0';
        json_object_set_new(json, name, json_null());
    }
    assert_null(scope_parse_all(json, &flaws));
    assert_int_equal(flaws.count, SCOPE_FLAWS_MAX);
    json_decref(json);
}

/* A text that a flaw quotes is cut at a whole character. */
static void test_quotes(void **state)
{
    (void)state;
    struct scope_flaw flaw;

    for (int shift = 0; shift < 4; shift++) {
        char tz[256] = "aaa";

        tz[shift] = '\0';
        for (int i = 0; i < 50; i++) {
            strcat(tz, "\342\202\254");
        }

        json_t *json = json_pack("{s:i, s:{s:s, s:[]}}", "v", 1, "time", "tz", tz, "windows");

        assert_null(scope_parse(json, &flaw));

        json_t *text = json_string(flaw.text); // NULL: the text is not UTF-8

        assert_non_null(text);
        json_decref(text);
        json_decref(json);
    }
}

static json_t *with_list(const char *member, const char *list, json_t *items)
{
    return list != NULL ? json_pack("{s:i, s:{s:o}}", "v", 1, member, list, items)
                        : json_pack("{s:i, s:o}", "v", 1, member, items);
}

/* A list of `count` different patterns, networks or words. */
static json_t *items(const char *format, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++) {
        json_array_append_new(list, json_sprintf(format, i / 250, i % 250));
    }
    return list;
}

static void test_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *member;
        const char *list;
        const char *format;
        int max;
    } rows[] = {
        {"envelope_from", "allow", "a%d.%d@x.example", 256},
        {"networks", "allow", "10.0.%d.%d", 256},
        {"mechanisms", NULL, "M%d-%d", 16},
        {"services", NULL, "s%d-%d", 16},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scope_flaw flaw;
        json_t *just = with_list(rows[i].member, rows[i].list, items(rows[i].format, rows[i].max));
        json_t *many =
            with_list(rows[i].member, rows[i].list, items(rows[i].format, rows[i].max + 1));
        struct scope *scope = scope_parse(just, &flaw);

        assert_non_null(scope);
        scope_destroy(scope);
        assert_null(scope_parse(many, &flaw));
        assert_non_null(strstr(flaw.text, "at most"));
        json_decref(just);
        json_decref(many);
    }
}

static void test_patterns_together(void **state)
{
    (void)state;
    struct scope_flaw flaw;
    json_t *json = json_pack("{s:i, s:{s:o}, s:{s:o, s:[s]}}", "v", 1, "header_from", "allow",
                             items("a%d.%d@x.example", 128), "recipients", "allow",
                             items("b%d.%d@x.example", 128), "deny", "*@y.example");

    assert_null(scope_parse(json, &flaw));
    assert_string_equal(flaw.pointer, "");
    assert_non_null(strstr(flaw.text, "has 257 patterns"));
    json_decref(json);
}

static void test_size(void **state)
{
    (void)state;
    struct scope_flaw flaw;
    json_t *json = with_list("header_from", "allow",
                             items("a-rather-long-local-part-%d.%d@"
                                   "a-rather-long-domain-name-of-many.example",
                                   250));

    assert_null(scope_parse(json, &flaw));
    assert_string_equal(flaw.pointer, "");
    assert_non_null(strstr(flaw.text, "octets: at most 16384"));
    json_decref(json);
}

static void test_hash(void **state)
{
    (void)state;
    char hash[SCOPE_HASH_SIZE];

    scope_hash("abc", hash); // FIPS 180-2, appendix B.1
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contract),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_many_flaws),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_patterns_together),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
