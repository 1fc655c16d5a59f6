/* The order of the rules is the order of what a stranger may learn: first what the claim says by
 * itself, then whether authd can tell at all, and only after the secret was right what concerns the
 * owner alone (suspended, a scope). The grid and the dummy hash of login/login hide the rest. */
#include "login/verdict.h"

static struct verdict deny(enum reason reason)
{
    return (struct verdict){.outcome = OUTCOME_DENY, .reason = reason};
}

static struct verdict more(enum want want)
{
    return (struct verdict){.outcome = OUTCOME_MORE, .want = want};
}

static struct verdict tempfail(enum reason reason)
{
    return (struct verdict){.outcome = OUTCOME_TEMPFAIL, .reason = reason};
}

static struct verdict allow(enum reason reason)
{
    return (struct verdict){.outcome = OUTCOME_ALLOW, .reason = reason};
}

static struct verdict verdict_claim(const struct facts *facts)
{
    if (facts->claim == CLAIM_MALFORMED) {
        return deny(REASON_MALFORMED);
    }
    if (facts->name != NAME_OK) {
        return deny(REASON_BAD_NAME);
    }
    if (facts->other_authzid) {
        return deny(REASON_AUTHZID);
    }
    if (facts->sign_in && facts->claim != CLAIM_PASSWORD) {
        return deny(REASON_APP_PASSWORD_NOT_HERE);
    }
    if (facts->claim == CLAIM_MISTYPED) {
        return deny(REASON_UNKNOWN_APP_PASSWORD);
    }
    return more(WANT_ACCOUNT);
}

/* ---- is the secret right? ALLOW: the secret is right; the other rules still follow. ---- */

/* A password that ends in digits looks as if a code followed. On a remembered network, where a code
 * may be left out, the full secret is tried as well; elsewhere a second hash is not worth its
 * time. */
static struct verdict verdict_full_match(const struct facts *facts)
{
    if (!facts->inline_code || !facts->remember_possible) {
        return deny(REASON_WRONG_PASSWORD);
    }
    if (facts->remembered == ANSWER_PENDING) {
        return more(WANT_REMEMBERED);
    }
    if (facts->remembered == ANSWER_NO) {
        return deny(REASON_WRONG_PASSWORD);
    }
    if (facts->full_match == ANSWER_PENDING) {
        return more(WANT_FULL_MATCH);
    }
    return facts->full_match == ANSWER_YES ? allow(REASON_GOOD_PASSWORD)
                                           : deny(REASON_WRONG_PASSWORD);
}

/* What is still to be learnt about imported app passwords, which are for mail only. The questions
 * are asked for unknown names as well, so that time does not tell which users exist. */
static enum want imported_want(const struct facts *facts)
{
    if (facts->sign_in) {
        return WANT_NOTHING;
    }
    if (facts->imported == ANSWER_PENDING) {
        return WANT_IMPORTED;
    }
    return facts->imported == ANSWER_YES && facts->imported_match == ANSWER_PENDING
               ? WANT_IMPORTED_MATCH
               : WANT_NOTHING;
}

/* Without an account a dummy is hashed, and what can go wrong there can go wrong for both. */
static struct verdict verdict_password(const struct facts *facts)
{
    bool usable = facts->account == ANSWER_YES && facts->password == PASSWORD_USABLE;

    if (facts->match == ANSWER_PENDING) {
        return more(WANT_MATCH);
    }
    if (usable && facts->match == ANSWER_YES) {
        return allow(REASON_GOOD_PASSWORD);
    }
    if (usable) {
        struct verdict whole = verdict_full_match(facts);

        if (whole.outcome != OUTCOME_DENY) {
            return whole;
        }
    }
    if (imported_want(facts) != WANT_NOTHING) {
        return more(imported_want(facts));
    }
    if (facts->account != ANSWER_YES) {
        return deny(REASON_UNKNOWN_USER);
    }
    if (!facts->sign_in && facts->imported == ANSWER_YES && facts->imported_match == ANSWER_YES) {
        return allow(REASON_GOOD_APP_PASSWORD);
    }
    if (facts->password == PASSWORD_UNREADABLE || facts->imported_unreadable) {
        // The secret may well be right.
        return tempfail(facts->undecrypted != REASON_NONE ? facts->undecrypted
                                                          : REASON_HASH_UNREADABLE);
    }
    if (facts->password == PASSWORD_NONE) {
        return deny(REASON_NO_PASSWORD);
    }
    return deny(facts->password == PASSWORD_LOCKED ? REASON_LOCKED_PASSWORD
                                                   : REASON_WRONG_PASSWORD);
}

static struct verdict verdict_app_password(const struct facts *facts)
{
    if (facts->account != ANSWER_YES) {
        return deny(REASON_UNKNOWN_USER);
    }
    if (!facts->app_password) {
        return deny(REASON_UNKNOWN_APP_PASSWORD);
    }
    if (facts->match == ANSWER_PENDING) {
        return more(WANT_MATCH);
    }
    if (facts->match != ANSWER_YES) {
        return deny(REASON_WRONG_APP_PASSWORD);
    }
    return facts->expired ? deny(REASON_EXPIRED_CREDENTIAL) : allow(REASON_GOOD_APP_PASSWORD);
}

static struct verdict verdict_secret(const struct facts *facts)
{
    if (facts->account == ANSWER_PENDING) {
        return more(WANT_ACCOUNT);
    }
    return facts->claim == CLAIM_APP_PASSWORD ? verdict_app_password(facts)
                                              : verdict_password(facts);
}

/* ---- may the credential be used here and now? ---- */

static struct verdict verdict_scope(const struct facts *facts, struct verdict right)
{
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

    if (facts->sign_in) { // scope documents are about mail
        return right;
    }
    if (facts->scopes_known == ANSWER_PENDING) {
        return more(WANT_SCOPES);
    }
    return facts->scope != SCOPE_OK ? deny(reasons[facts->scope]) : right;
}

/* ---- is a second factor needed? ---- */

bool verdict_needs_factor(const struct facts *facts)
{
    return facts->policy == FACTOR_REQUIRED ||
           (facts->policy == FACTOR_OPTIONAL && facts->enrolled) ||
           (facts->sign_in && facts->privileged);
}

/* A refused code takes as long as a wrong password: the same questions are asked. */
static struct verdict refuse_factor(const struct facts *facts, enum reason reason)
{
    enum want want = imported_want(facts);

    return want != WANT_NOTHING ? more(want) : deny(reason);
}

static struct verdict verdict_factor(const struct facts *facts, struct verdict right)
{
    static const enum reason reasons[] = {
        [CODE_MISSING] = REASON_CODE_NEEDED,
        [CODE_WRONG] = REASON_WRONG_CODE,
        [CODE_USED] = REASON_USED_CODE,
        [CODE_LOCKED] = REASON_FACTOR_LOCKED,
        [CODE_WRONG_RECOVERY] = REASON_WRONG_RECOVERY_CODE,
        [CODE_LOCKED_RECOVERY] = REASON_RECOVERY_LOCKED,
        [CODE_CHANGED] = REASON_CHANGED_MEANWHILE,
    };

    if (right.reason != REASON_GOOD_PASSWORD) { // an app password needs no second factor
        return right;
    }
    if (!facts->enrolled) { // a user who signs in without a second factor can only enrol
        return verdict_needs_factor(facts) && !facts->sign_in
                   ? refuse_factor(facts, REASON_MUST_ENROL)
                   : right;
    }
    if (!verdict_needs_factor(facts) && !facts->code_presented) {
        return right;
    }
    if (facts->code == CODE_PENDING) {
        return more(WANT_CODE);
    }
    return facts->code == CODE_TAKEN ? right : refuse_factor(facts, reasons[facts->code]);
}

static struct verdict verdict_use(const struct facts *facts, struct verdict right)
{
    struct verdict verdict;

    if (facts->suspended) {
        return deny(REASON_SUSPENDED);
    }
    verdict = verdict_scope(facts, right);
    if (verdict.outcome == OUTCOME_ALLOW) {
        verdict = verdict_factor(facts, right);
    }
    if (verdict.outcome != OUTCOME_ALLOW || !facts->waited) {
        return verdict;
    }
    if (facts->unchanged == ANSWER_PENDING) {
        return more(WANT_UNCHANGED);
    }
    return facts->unchanged == ANSWER_YES ? verdict : deny(REASON_CHANGED_MEANWHILE);
}

struct verdict verdict_of(const struct facts *facts)
{
    struct verdict verdict = verdict_claim(facts);

    if (verdict.outcome == OUTCOME_MORE) {
        verdict = verdict_secret(facts);
    }
    if (verdict.outcome == OUTCOME_ALLOW) {
        verdict = verdict_use(facts, verdict);
    }
    /* Trouble means that authd cannot tell, which is neither no nor yes. */
    if (verdict.outcome == OUTCOME_MORE && facts->trouble != REASON_NONE) {
        verdict = tempfail(facts->trouble);
    }
    return verdict;
}
