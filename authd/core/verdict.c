/* The order of the rules is the order of what a stranger may learn: first what he said himself,
 * then whether we can tell at all, and what only the owner should hear (suspended) after the
 * password was right. The grid and the dummy hash of core/login hide the rest. */
#include "core/verdict.h"

static struct verdict deny(enum reason reason)
{
    return (struct verdict){.outcome = OUTCOME_DENY, .reason = reason};
}

static struct verdict more(enum want want)
{
    return (struct verdict){.outcome = OUTCOME_MORE, .want = want};
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
    if (facts->claim == CLAIM_APP_PASSWORD || facts->claim == CLAIM_MISTYPED) {
        return deny(REASON_UNKNOWN_APP_PASSWORD);
    }
    return more(WANT_ACCOUNT);
}

static struct verdict verdict_password(const struct facts *facts)
{
    if (facts->account == ANSWER_PENDING) {
        return more(WANT_ACCOUNT);
    }
    /* Also without an account: a dummy is hashed, and what goes wrong there goes wrong for both. */
    if (facts->match == ANSWER_PENDING) {
        return more(WANT_MATCH);
    }
    if (facts->account != ANSWER_YES) {
        return deny(REASON_UNKNOWN_USER);
    }
    if (facts->password == PASSWORD_NONE) {
        return deny(REASON_NO_PASSWORD);
    }
    if (facts->password == PASSWORD_LOCKED) {
        return deny(REASON_LOCKED_PASSWORD);
    }
    if (facts->password == PASSWORD_UNREADABLE) { // the password may well be right
        return (struct verdict){.outcome = OUTCOME_TEMPFAIL, .reason = REASON_HASH_UNREADABLE};
    }
    if (facts->match != ANSWER_YES) {
        return deny(REASON_WRONG_PASSWORD);
    }
    if (facts->suspended) {
        return deny(REASON_SUSPENDED);
    }
    if (facts->waited && facts->unchanged == ANSWER_PENDING) {
        return more(WANT_UNCHANGED);
    }
    if (facts->waited && facts->unchanged != ANSWER_YES) {
        return deny(REASON_CHANGED_MEANWHILE);
    }
    return (struct verdict){.outcome = OUTCOME_ALLOW, .reason = REASON_GOOD_PASSWORD};
}

struct verdict verdict_of(const struct facts *facts)
{
    struct verdict verdict = verdict_claim(facts);

    if (verdict.outcome == OUTCOME_MORE) {
        verdict = verdict_password(facts);
    }
    /* Trouble answers what would else stay open: cannot-tell is never no, and never yes. */
    if (verdict.outcome == OUTCOME_MORE && facts->trouble != REASON_NONE) {
        verdict = (struct verdict){.outcome = OUTCOME_TEMPFAIL, .reason = facts->trouble};
    }
    return verdict;
}
