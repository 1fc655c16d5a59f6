/* Every combination of facts, checked against rules that are written independently of the order in
 * verdict.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "login/verdict.h"

/* Allowed logins: by the main password, by an app password, by an imported app password. */
static const struct facts good = {
    .claim = CLAIM_PASSWORD,
    .name = NAME_OK,
    .account = ANSWER_YES,
    .password = PASSWORD_USABLE,
    .match = ANSWER_YES,
    .imported = ANSWER_NO,
    .scopes_known = ANSWER_YES,
};
static const struct facts good_app_password = {
    .claim = CLAIM_APP_PASSWORD,
    .name = NAME_OK,
    .account = ANSWER_YES,
    .app_password = true,
    .match = ANSWER_YES,
    .scopes_known = ANSWER_YES,
};
static const struct facts good_imported = {
    .claim = CLAIM_PASSWORD,
    .name = NAME_OK,
    .account = ANSWER_YES,
    .match = ANSWER_NO,
    .imported = ANSWER_YES,
    .imported_match = ANSWER_YES,
    .scopes_known = ANSWER_YES,
    .waited = true,
    .unchanged = ANSWER_YES,
};

static void expect(const struct facts *facts, enum outcome outcome, enum reason reason)
{
    struct verdict verdict = verdict_of(facts);

    assert_int_equal(verdict.outcome, outcome);
    assert_int_equal(verdict.reason, reason);
    assert_int_equal(verdict.want, WANT_NOTHING);
}

static void expect_want(const struct facts *facts, enum want want)
{
    struct verdict verdict = verdict_of(facts);

    assert_int_equal(verdict.outcome, OUTCOME_MORE);
    assert_int_equal(verdict.want, want);
}

/* One change to a good login, and the expected verdict. */
#define CASE(change, outcome, reason) CASE_OF(good, change, outcome, reason)
#define CASE_OF(before, change, outcome, reason)                                                   \
    do {                                                                                           \
        struct facts facts = before;                                                               \
        change;                                                                                    \
        expect(&facts, outcome, reason);                                                           \
    } while (0)

static void test_one_change(void **state)
{
    (void)state;
    expect(&good, OUTCOME_ALLOW, REASON_GOOD_PASSWORD);
    CASE(facts.claim = CLAIM_MALFORMED, OUTCOME_DENY, REASON_MALFORMED);
    CASE(facts.claim = CLAIM_MISTYPED, OUTCOME_DENY, REASON_UNKNOWN_APP_PASSWORD);
    CASE((facts.claim = CLAIM_APP_PASSWORD, facts.sign_in = true), OUTCOME_DENY,
         REASON_APP_PASSWORD_NOT_HERE);
    CASE(facts.sign_in = true, OUTCOME_ALLOW, REASON_GOOD_PASSWORD);
    CASE(facts.name = NAME_RESERVED, OUTCOME_DENY, REASON_BAD_NAME);
    CASE(facts.other_authzid = true, OUTCOME_DENY, REASON_AUTHZID);
    CASE(facts.account = ANSWER_NO, OUTCOME_DENY, REASON_UNKNOWN_USER);
    CASE(facts.suspended = true, OUTCOME_DENY, REASON_SUSPENDED);
    CASE(facts.password = PASSWORD_NONE, OUTCOME_DENY, REASON_NO_PASSWORD);
    CASE(facts.password = PASSWORD_LOCKED, OUTCOME_DENY, REASON_LOCKED_PASSWORD);
    CASE(facts.password = PASSWORD_UNREADABLE, OUTCOME_TEMPFAIL, REASON_HASH_UNREADABLE);
    CASE((facts.password = PASSWORD_UNREADABLE, facts.undecrypted = REASON_HASH_BROKEN),
         OUTCOME_TEMPFAIL, REASON_HASH_BROKEN);
    CASE((facts.password = PASSWORD_UNREADABLE, facts.undecrypted = REASON_KEY_MISSING),
         OUTCOME_TEMPFAIL, REASON_KEY_MISSING);
    CASE(facts.match = ANSWER_NO, OUTCOME_DENY, REASON_WRONG_PASSWORD);
    CASE((facts.waited = true, facts.unchanged = ANSWER_YES), OUTCOME_ALLOW, REASON_GOOD_PASSWORD);
    CASE((facts.waited = true, facts.unchanged = ANSWER_NO), OUTCOME_DENY,
         REASON_CHANGED_MEANWHILE);
    /* A client learns about a suspension only with the right password. */
    CASE((facts.suspended = true, facts.match = ANSWER_NO), OUTCOME_DENY, REASON_WRONG_PASSWORD);
}

static void test_app_passwords(void **state)
{
    (void)state;
#define APP(change, outcome, reason) CASE_OF(good_app_password, change, outcome, reason)
    expect(&good_app_password, OUTCOME_ALLOW, REASON_GOOD_APP_PASSWORD);
    APP(facts.account = ANSWER_NO, OUTCOME_DENY, REASON_UNKNOWN_USER);
    APP(facts.app_password = false, OUTCOME_DENY, REASON_UNKNOWN_APP_PASSWORD);
    APP(facts.match = ANSWER_NO, OUTCOME_DENY, REASON_WRONG_APP_PASSWORD);
    APP(facts.expired = true, OUTCOME_DENY, REASON_EXPIRED_CREDENTIAL);
    APP((facts.expired = true, facts.match = ANSWER_NO), OUTCOME_DENY, REASON_WRONG_APP_PASSWORD);
    APP(facts.suspended = true, OUTCOME_DENY, REASON_SUSPENDED);
    APP(facts.sign_in = true, OUTCOME_DENY, REASON_APP_PASSWORD_NOT_HERE);
    APP(facts.password = PASSWORD_UNREADABLE, OUTCOME_ALLOW, REASON_GOOD_APP_PASSWORD);
    APP((facts.waited = true, facts.unchanged = ANSWER_NO), OUTCOME_DENY, REASON_CHANGED_MEANWHILE);
    APP((facts.match = ANSWER_PENDING, facts.trouble = REASON_KEY_MISSING), OUTCOME_TEMPFAIL,
        REASON_KEY_MISSING);
    /* A mistyped app password is refused, whatever the other facts say. */
    APP(facts.claim = CLAIM_MISTYPED, OUTCOME_DENY, REASON_UNKNOWN_APP_PASSWORD);
#undef APP
}

static void test_imported_app_passwords(void **state)
{
    (void)state;
#define IMPORTED(change, outcome, reason) CASE_OF(good_imported, change, outcome, reason)
    expect(&good_imported, OUTCOME_ALLOW, REASON_GOOD_APP_PASSWORD);
    IMPORTED(facts.imported_match = ANSWER_NO, OUTCOME_DENY, REASON_NO_PASSWORD);
    IMPORTED((facts.imported_match = ANSWER_NO, facts.password = PASSWORD_USABLE), OUTCOME_DENY,
             REASON_WRONG_PASSWORD);
    IMPORTED((facts.imported_match = ANSWER_NO, facts.imported_unreadable = true), OUTCOME_TEMPFAIL,
             REASON_HASH_UNREADABLE);
    IMPORTED((facts.imported_match = ANSWER_NO, facts.imported_unreadable = true,
              facts.undecrypted = REASON_HASH_BROKEN),
             OUTCOME_TEMPFAIL, REASON_HASH_BROKEN);
    IMPORTED(facts.imported_unreadable = true, OUTCOME_ALLOW, REASON_GOOD_APP_PASSWORD);
    IMPORTED(facts.password = PASSWORD_UNREADABLE, OUTCOME_ALLOW, REASON_GOOD_APP_PASSWORD);
    IMPORTED((facts.match = ANSWER_YES, facts.password = PASSWORD_USABLE), OUTCOME_ALLOW,
             REASON_GOOD_PASSWORD);
    IMPORTED(facts.sign_in = true, OUTCOME_DENY, REASON_NO_PASSWORD);
    IMPORTED(facts.suspended = true, OUTCOME_DENY, REASON_SUSPENDED);
    IMPORTED(facts.account = ANSWER_NO, OUTCOME_DENY, REASON_UNKNOWN_USER);
    IMPORTED((facts.imported_match = ANSWER_PENDING, facts.trouble = REASON_HASH_TOO_SLOW),
             OUTCOME_TEMPFAIL, REASON_HASH_TOO_SLOW);
#undef IMPORTED
}

/* Scopes apply to every kind of login, only after the secret was right, and never to a sign-in to
 * authd. */
static void test_scopes(void **state)
{
    static const struct facts *const kinds[] = {&good, &good_app_password, &good_imported};
    static const enum reason reasons[] = {
        [SCOPE_NOT_BEFORE] = REASON_NOT_YET_VALID,
        [SCOPE_EXPIRED] = REASON_EXPIRED_CREDENTIAL,
        [SCOPE_MECHANISM] = REASON_SCOPE_MECHANISM,
        [SCOPE_SERVICE] = REASON_SCOPE_SERVICE,
        [SCOPE_TLS] = REASON_SCOPE_TLS,
        [SCOPE_NETWORK] = REASON_SCOPE_NETWORK,
        [SCOPE_TIME] = REASON_SCOPE_TIME,
        [SCOPE_NEEDS_MTA] = REASON_NEEDS_POLICY,
    };

    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        for (size_t scope = 1; scope < sizeof(reasons) / sizeof(reasons[0]); scope++) {
            CASE_OF(*kinds[kind], facts.scope = (enum scope_verdict)scope, OUTCOME_DENY,
                    reasons[scope]);
        }
        CASE_OF(*kinds[kind], (facts.scope = SCOPE_TIME, facts.suspended = true), OUTCOME_DENY,
                REASON_SUSPENDED);
        CASE_OF(*kinds[kind],
                (facts.scopes_known = ANSWER_PENDING, facts.trouble = REASON_DATABASE_SLOW),
                OUTCOME_TEMPFAIL, REASON_DATABASE_SLOW);
    }
    CASE((facts.scope = SCOPE_TIME, facts.match = ANSWER_NO), OUTCOME_DENY, REASON_WRONG_PASSWORD);
    CASE((facts.scope = SCOPE_TIME, facts.sign_in = true), OUTCOME_ALLOW, REASON_GOOD_PASSWORD);
    CASE((facts.scopes_known = ANSWER_PENDING, facts.sign_in = true), OUTCOME_ALLOW,
         REASON_GOOD_PASSWORD);
}

static void test_wants(void **state)
{
    struct facts facts = {.claim = CLAIM_PASSWORD};

    (void)state;
    expect_want(&facts, WANT_ACCOUNT);
    facts.account = ANSWER_NO; // for an unknown user, a dummy is hashed
    expect_want(&facts, WANT_MATCH);
    facts.account = ANSWER_YES;
    expect_want(&facts, WANT_MATCH);
    facts = good;
    facts.waited = true;
    expect_want(&facts, WANT_UNCHANGED);
    facts.scopes_known = ANSWER_PENDING;
    expect_want(&facts, WANT_SCOPES);

    facts = (struct facts){.claim = CLAIM_APP_PASSWORD};
    expect_want(&facts, WANT_ACCOUNT);
    facts.account = ANSWER_YES;
    facts.app_password = true;
    expect_want(&facts, WANT_MATCH);
    facts.match = ANSWER_YES;
    expect_want(&facts, WANT_SCOPES);

    facts = good_imported;
    facts.imported_match = ANSWER_PENDING;
    expect_want(&facts, WANT_IMPORTED_MATCH);
    facts.imported = ANSWER_PENDING;
    expect_want(&facts, WANT_IMPORTED);
    facts.account = ANSWER_NO; // an unknown user costs the same
    expect_want(&facts, WANT_IMPORTED);
    facts.sign_in = true;
    expect(&facts, OUTCOME_DENY, REASON_UNKNOWN_USER);
    facts = good; // imported app passwords are not tried after the right main password
    facts.imported = ANSWER_PENDING;
    expect(&facts, OUTCOME_ALLOW, REASON_GOOD_PASSWORD);
    facts = good_imported;
    facts.imported_match = ANSWER_PENDING;
    facts.match = ANSWER_PENDING; // the main password is tried first
    expect_want(&facts, WANT_MATCH);
}

static void test_trouble_is_neither_no_nor_yes(void **state)
{
    struct facts facts = {.claim = CLAIM_PASSWORD, .trouble = REASON_DATABASE_DOWN};

    (void)state;
    expect(&facts, OUTCOME_TEMPFAIL, REASON_DATABASE_DOWN);
    facts.account = ANSWER_YES;
    facts.trouble = REASON_HASH_QUEUE_FULL;
    expect(&facts, OUTCOME_TEMPFAIL, REASON_HASH_QUEUE_FULL);
    facts.account = ANSWER_NO; // an unknown user gets the same answer
    expect(&facts, OUTCOME_TEMPFAIL, REASON_HASH_QUEUE_FULL);
    facts = good;
    facts.waited = true;
    facts.trouble = REASON_DATABASE_SLOW;
    expect(&facts, OUTCOME_TEMPFAIL, REASON_DATABASE_SLOW);
}

static void test_zeroed_is_not_allowed(void **state)
{
    struct facts facts = {0};

    (void)state;
    expect(&facts, OUTCOME_DENY, REASON_MALFORMED);
    assert_int_equal(OUTCOME_DENY, 0);
}

/* Takes the next digit of a mixed-radix number. */
static unsigned digit(unsigned *n, unsigned radix)
{
    unsigned value = *n % radix;

    *n /= radix;
    return value;
}

static void each_combination(void (*check)(const struct facts *facts))
{
    static const enum answer answers[] = {ANSWER_PENDING, ANSWER_NO, ANSWER_YES};
    static const enum reason troubles[] = {REASON_NONE, REASON_DATABASE_DOWN};
    static const enum scope_verdict scopes[] = {SCOPE_OK, SCOPE_NETWORK};

    for (unsigned n = 0; n < 4u * 4 * 3 * 3 * 3 * 2 * 2 * 2 * 2048; n++) {
        unsigned rest = n;
        struct facts facts = {
            .claim = (enum claim_kind)digit(&rest, 4),
            .password = (enum password_kind)digit(&rest, 4),
            .account = answers[digit(&rest, 3)],
            .match = answers[digit(&rest, 3)],
            .imported_match = answers[digit(&rest, 3)],
            .scopes_known = answers[2 * digit(&rest, 2)],
            .trouble = troubles[digit(&rest, 2)],
            .scope = scopes[digit(&rest, 2)],
            .other_authzid = digit(&rest, 2),
            .suspended = digit(&rest, 2),
            .waited = digit(&rest, 2),
            .unchanged = digit(&rest, 2) ? ANSWER_YES : ANSWER_NO,
            .name = digit(&rest, 2) ? NAME_RESERVED : NAME_OK,
            .sign_in = digit(&rest, 2),
            .app_password = digit(&rest, 2),
            .expired = digit(&rest, 2),
            .imported = digit(&rest, 2) ? ANSWER_YES : ANSWER_NO,
            .imported_unreadable = digit(&rest, 2),
        };

        facts.unchanged = digit(&rest, 2) ? ANSWER_PENDING : facts.unchanged;
        check(&facts);
    }
}

static bool secret_is_right(const struct facts *facts)
{
    if (facts->claim == CLAIM_APP_PASSWORD) {
        return !facts->sign_in && facts->app_password && facts->match == ANSWER_YES &&
               !facts->expired;
    }
    bool main_password = facts->password == PASSWORD_USABLE && facts->match == ANSWER_YES;
    bool elsewhere = facts->imported == ANSWER_YES && !facts->sign_in &&
                     facts->match != ANSWER_PENDING && facts->imported_match == ANSWER_YES;

    return facts->claim == CLAIM_PASSWORD && (main_password || elsewhere);
}

static void check_allow(const struct facts *facts)
{
    bool may =
        facts->name == NAME_OK && !facts->other_authzid && facts->account == ANSWER_YES &&
        secret_is_right(facts) && !facts->suspended &&
        (facts->sign_in || (facts->scopes_known == ANSWER_YES && facts->scope == SCOPE_OK)) &&
        (!facts->waited || facts->unchanged == ANSWER_YES);

    assert_int_equal(verdict_of(facts).outcome == OUTCOME_ALLOW, may);
}

static void check_total(const struct facts *facts)
{
    struct verdict verdict = verdict_of(facts);

    /* A verdict either decides, with a reason, or says what it wants; with trouble it always
     * decides. */
    assert_int_equal(verdict.outcome == OUTCOME_MORE, verdict.want != WANT_NOTHING);
    assert_int_equal(verdict.outcome != OUTCOME_MORE, verdict.reason != REASON_NONE);
    if (facts->trouble != REASON_NONE) {
        assert_int_not_equal(verdict.outcome, OUTCOME_MORE);
    }
    if (verdict.outcome == OUTCOME_TEMPFAIL && verdict.reason != REASON_HASH_UNREADABLE) {
        assert_int_equal(verdict.reason, facts->trouble);
    }
}

static void test_only_one_way_in(void **state)
{
    (void)state;
    each_combination(check_allow);
}

static void test_always_an_answer(void **state)
{
    (void)state;
    each_combination(check_total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_change),
        cmocka_unit_test(test_app_passwords),
        cmocka_unit_test(test_imported_app_passwords),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_wants),
        cmocka_unit_test(test_trouble_is_neither_no_nor_yes),
        cmocka_unit_test(test_zeroed_is_not_allowed),
        cmocka_unit_test(test_only_one_way_in),
        cmocka_unit_test(test_always_an_answer),
    };

    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
