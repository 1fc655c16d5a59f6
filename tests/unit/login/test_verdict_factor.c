/* Second factors in the verdict: every combination of channel, policy, enrolment and the state of a
 * code, checked against rules that are written independently of verdict.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "login/verdict.h"

/* Logins by the main password, by an app password, by an imported app password. */
static const struct facts kinds[] = {
    {.claim = CLAIM_PASSWORD,
     .account = ANSWER_YES,
     .password = PASSWORD_USABLE,
     .match = ANSWER_YES,
     .imported = ANSWER_NO,
     .scopes_known = ANSWER_YES},
    {.claim = CLAIM_APP_PASSWORD,
     .account = ANSWER_YES,
     .app_password = true,
     .match = ANSWER_YES,
     .scopes_known = ANSWER_YES},
    {.claim = CLAIM_PASSWORD,
     .account = ANSWER_YES,
     .password = PASSWORD_USABLE,
     .match = ANSWER_NO,
     .imported = ANSWER_YES,
     .imported_match = ANSWER_YES,
     .scopes_known = ANSWER_YES},
};

static void expect(const struct facts *facts, enum outcome outcome, enum reason reason)
{
    struct verdict verdict = verdict_of(facts);

    assert_int_equal(verdict.outcome, outcome);
    assert_int_equal(verdict.reason, reason);
}

static void expect_want(const struct facts *facts, enum want want)
{
    struct verdict verdict = verdict_of(facts);

    assert_int_equal(verdict.outcome, OUTCOME_MORE);
    assert_int_equal(verdict.want, want);
}

/* ---- the matrix ---- */

static bool needs(const struct facts *facts)
{
    switch (facts->policy) {
    case FACTOR_REQUIRED:
        return true;
    case FACTOR_OPTIONAL:
        return facts->enrolled || (facts->sign_in && facts->privileged);
    case FACTOR_OFF:
        break;
    }
    return facts->sign_in && facts->privileged;
}

static const enum reason reasons[] = {
    [CODE_TAKEN] = REASON_GOOD_PASSWORD,
    [CODE_MISSING] = REASON_CODE_NEEDED,
    [CODE_WRONG] = REASON_WRONG_CODE,
    [CODE_USED] = REASON_USED_CODE,
    [CODE_LOCKED] = REASON_FACTOR_LOCKED,
    [CODE_WRONG_RECOVERY] = REASON_WRONG_RECOVERY_CODE,
    [CODE_LOCKED_RECOVERY] = REASON_RECOVERY_LOCKED,
    [CODE_CHANGED] = REASON_CHANGED_MEANWHILE,
};

static void check_main_password(const struct facts *facts)
{
    if (needs(facts) && !facts->enrolled) {
        expect(facts, facts->sign_in ? OUTCOME_ALLOW : OUTCOME_DENY,
               facts->sign_in ? REASON_GOOD_PASSWORD : REASON_MUST_ENROL);
    } else if (facts->enrolled && (needs(facts) || facts->code_presented)) {
        if (facts->code == CODE_PENDING) {
            expect_want(facts, WANT_CODE);
        } else {
            expect(facts, facts->code == CODE_TAKEN ? OUTCOME_ALLOW : OUTCOME_DENY,
                   reasons[facts->code]);
        }
    } else {
        expect(facts, OUTCOME_ALLOW, REASON_GOOD_PASSWORD);
    }
}

static void check(const struct facts *facts)
{
    assert_int_equal(verdict_needs_factor(facts), needs(facts));
    if (facts->match == ANSWER_YES && facts->claim == CLAIM_PASSWORD) {
        check_main_password(facts);
    } else if (!facts->sign_in) {
        expect(facts, OUTCOME_ALLOW, REASON_GOOD_APP_PASSWORD);
    } else {
        expect(facts, OUTCOME_DENY,
               facts->claim == CLAIM_APP_PASSWORD ? REASON_APP_PASSWORD_NOT_HERE
                                                  : REASON_WRONG_PASSWORD);
    }
}

static void each(const struct facts *kind, void (*see)(const struct facts *facts))
{
    for (unsigned n = 0; n < 3 * 9 * 16; n++) {
        struct facts facts = *kind;

        facts.policy = (enum factor_policy)(n % 3);
        facts.code = (enum code_answer)(n / 3 % 9);
        facts.sign_in = n / 27 & 1;
        facts.enrolled = n / 27 & 2;
        facts.privileged = n / 27 & 4;
        facts.code_presented = (n / 27 & 8) != 0 && facts.sign_in;
        see(&facts);
    }
}

static void test_matrix(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        each(&kinds[kind], check);
    }
}

/* A code is asked for last: a login that is refused for another reason uses up no code. */
static void refused_before(const struct facts *facts)
{
    struct facts other = *facts;

    other.suspended = true;
    expect(&other, OUTCOME_DENY, REASON_SUSPENDED);
    other = *facts;
    other.match = ANSWER_NO;
    expect(&other, OUTCOME_DENY, REASON_WRONG_PASSWORD);
    if (!facts->sign_in) {
        other = *facts;
        other.scope = SCOPE_NETWORK;
        expect(&other, OUTCOME_DENY, REASON_SCOPE_NETWORK);
        other.scopes_known = ANSWER_PENDING;
        expect_want(&other, WANT_SCOPES);
    }
}

static void test_codes_come_last(void **state)
{
    (void)state;
    each(&kinds[0], refused_before);
}

static void tempfail_instead(const struct facts *facts)
{
    struct facts other = *facts;
    struct verdict before = verdict_of(facts);

    other.trouble = REASON_FACTOR_BROKEN;
    if (before.outcome == OUTCOME_MORE) {
        expect(&other, OUTCOME_TEMPFAIL, REASON_FACTOR_BROKEN);
    } else {
        expect(&other, before.outcome, before.reason);
    }
}

static void test_cannot_tell(void **state)
{
    (void)state;
    each(&kinds[0], tempfail_instead);
}

/* A login refused for a missing code costs as many hashes as one refused for a wrong password. */
static void evened_out(const struct facts *facts)
{
    struct facts other = *facts;
    struct verdict before = verdict_of(facts);

    other.imported = ANSWER_PENDING;
    if (before.outcome == OUTCOME_DENY && !facts->sign_in) {
        expect_want(&other, WANT_IMPORTED);
    }
    other.imported = ANSWER_YES;
    if (before.outcome == OUTCOME_DENY && !facts->sign_in) {
        expect_want(&other, WANT_IMPORTED_MATCH);
        other.imported_match = ANSWER_NO;
    }
    assert_int_equal(verdict_of(&other).reason, before.reason);
    /* The main password among imported app passwords is no way round the code. */
    other.imported_match = ANSWER_YES;
    assert_int_equal(verdict_of(&other).outcome, before.outcome);
    assert_int_equal(verdict_of(&other).reason, before.reason);
}

static void test_same_work(void **state)
{
    (void)state;
    each(&kinds[0], evened_out);
}

/* ---- passwords that end in digits ---- */

static void test_whole_secret(void **state)
{
    struct facts facts = kinds[0];

    (void)state;
    facts.policy = FACTOR_OPTIONAL;
    facts.enrolled = true;
    facts.inline_code = true;
    facts.match = ANSWER_NO;
    expect(&facts, OUTCOME_DENY, REASON_WRONG_PASSWORD);

    facts.remember_possible = true;
    expect_want(&facts, WANT_REMEMBERED);
    facts.trouble = REASON_DATABASE_DOWN;
    expect(&facts, OUTCOME_TEMPFAIL, REASON_DATABASE_DOWN);
    facts.trouble = REASON_NONE;
    facts.remembered = ANSWER_NO;
    expect(&facts, OUTCOME_DENY, REASON_WRONG_PASSWORD);
    facts.remembered = ANSWER_YES;
    expect_want(&facts, WANT_FULL_MATCH);
    facts.full_match = ANSWER_NO;
    expect(&facts, OUTCOME_DENY, REASON_WRONG_PASSWORD);
    facts.imported = ANSWER_YES;
    expect_want(&facts, WANT_IMPORTED_MATCH);
    facts.imported_match = ANSWER_YES;
    expect(&facts, OUTCOME_ALLOW, REASON_GOOD_APP_PASSWORD);

    /* The full match presents no code: the remembered network is still to be used. */
    facts.full_match = ANSWER_YES;
    expect_want(&facts, WANT_CODE);
    facts.code = CODE_MISSING;
    expect(&facts, OUTCOME_DENY, REASON_CODE_NEEDED);
    facts.code = CODE_TAKEN;
    expect(&facts, OUTCOME_ALLOW, REASON_GOOD_PASSWORD);

    facts.match = ANSWER_YES; // the password without its inline code goes first
    facts.remembered = facts.full_match = ANSWER_PENDING;
    expect(&facts, OUTCOME_ALLOW, REASON_GOOD_PASSWORD);

    facts.match = ANSWER_NO;
    facts.password = PASSWORD_LOCKED; // a locked password is not tried
    facts.imported = ANSWER_NO;
    expect(&facts, OUTCOME_DENY, REASON_LOCKED_PASSWORD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),       cmocka_unit_test(test_codes_come_last),
        cmocka_unit_test(test_cannot_tell),  cmocka_unit_test(test_same_work),
        cmocka_unit_test(test_whole_secret),
    };

    return cmocka_run_group_tests_name("verdict-factor", tests, NULL, NULL);
}
