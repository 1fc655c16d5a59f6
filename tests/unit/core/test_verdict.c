/* Every combination of facts, against rules written down independently of the function's order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/verdict.h"

/* A login that is allowed. */
static const struct facts good = {
    .claim = CLAIM_PASSWORD,
    .name = NAME_OK,
    .account = ANSWER_YES,
    .password = PASSWORD_USABLE,
    .match = ANSWER_YES,
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

/* One change to the good login, and what becomes of it. */
#define CASE(change, outcome, reason)                                                              \
    do {                                                                                           \
        struct facts facts = good;                                                                 \
        change;                                                                                    \
        expect(&facts, outcome, reason);                                                           \
    } while (0)

static void test_one_change(void **state)
{
    (void)state;
    expect(&good, OUTCOME_ALLOW, REASON_GOOD_PASSWORD);
    CASE(facts.claim = CLAIM_MALFORMED, OUTCOME_DENY, REASON_MALFORMED);
    CASE(facts.claim = CLAIM_APP_PASSWORD, OUTCOME_DENY, REASON_UNKNOWN_APP_PASSWORD);
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
    CASE(facts.match = ANSWER_NO, OUTCOME_DENY, REASON_WRONG_PASSWORD);
    CASE((facts.waited = true, facts.unchanged = ANSWER_YES), OUTCOME_ALLOW, REASON_GOOD_PASSWORD);
    CASE((facts.waited = true, facts.unchanged = ANSWER_NO), OUTCOME_DENY,
         REASON_CHANGED_MEANWHILE);
    /* Suspension is said only after the password was right. */
    CASE((facts.suspended = true, facts.match = ANSWER_NO), OUTCOME_DENY, REASON_WRONG_PASSWORD);
}

static void test_wants(void **state)
{
    struct facts facts = {.claim = CLAIM_PASSWORD};

    (void)state;
    expect_want(&facts, WANT_ACCOUNT);
    facts.account = ANSWER_NO; // a dummy is hashed for an unknown user, too
    expect_want(&facts, WANT_MATCH);
    facts.account = ANSWER_YES;
    expect_want(&facts, WANT_MATCH);
    facts = good;
    facts.waited = true;
    expect_want(&facts, WANT_UNCHANGED);
}

static void test_trouble_is_neither_no_nor_yes(void **state)
{
    struct facts facts = {.claim = CLAIM_PASSWORD, .trouble = REASON_DATABASE_DOWN};

    (void)state;
    expect(&facts, OUTCOME_TEMPFAIL, REASON_DATABASE_DOWN);
    facts.account = ANSWER_YES;
    facts.trouble = REASON_HASH_QUEUE_FULL;
    expect(&facts, OUTCOME_TEMPFAIL, REASON_HASH_QUEUE_FULL);
    facts.account = ANSWER_NO; // the same for an unknown user
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

static void each_combination(void (*check)(const struct facts *facts))
{
    static const enum answer answers[] = {ANSWER_PENDING, ANSWER_NO, ANSWER_YES};
    static const enum reason troubles[] = {REASON_NONE, REASON_DATABASE_DOWN, REASON_DEADLINE};

    for (unsigned n = 0; n < 4u * 3 * 3 * 3 * 3 * 128; n++) {
        unsigned i = n / 128;
        struct facts facts = {
            .other_authzid = n & 1,
            .suspended = n & 2,
            .password = (enum password_kind)(n / 4 % 4),
            .waited = n & 16,
            .name = n & 32 ? NAME_RESERVED : NAME_OK,
            .claim = (enum claim_kind)(i % 4),
            .account = answers[i / 4 % 3],
            .match = answers[i / 12 % 3],
            .unchanged = answers[i / 36 % 3],
            .trouble = troubles[i / 108 % 3],
        };

        check(&facts);
    }
}

static void check_allow(const struct facts *facts)
{
    bool may = facts->claim == CLAIM_PASSWORD && facts->name == NAME_OK && !facts->other_authzid &&
               facts->account == ANSWER_YES && !facts->suspended &&
               facts->password == PASSWORD_USABLE && facts->match == ANSWER_YES &&
               (!facts->waited || facts->unchanged == ANSWER_YES);

    assert_int_equal(verdict_of(facts).outcome == OUTCOME_ALLOW, may);
}

static void check_total(const struct facts *facts)
{
    struct verdict verdict = verdict_of(facts);

    /* It either decides, with a reason, or says what it wants; with trouble it always decides. */
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
        cmocka_unit_test(test_wants),
        cmocka_unit_test(test_trouble_is_neither_no_nor_yes),
        cmocka_unit_test(test_zeroed_is_not_allowed),
        cmocka_unit_test(test_only_one_way_in),
        cmocka_unit_test(test_always_an_answer),
    };

    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
