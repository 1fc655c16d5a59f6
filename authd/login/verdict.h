/* The decision on a login: a pure function of the facts, and the only place that can say ALLOW. */
#ifndef LOGIN_VERDICT_H
#define LOGIN_VERDICT_H

#include "login/facts.h"

struct verdict {
    enum outcome outcome; /* OUTCOME_MORE: a fact is still to be learnt */
    enum reason reason;   /* REASON_NONE with OUTCOME_MORE */
    /* The fact to be learnt next; WANT_NOTHING with all outcomes but OUTCOME_MORE. */
    enum want {
        WANT_NOTHING,
        WANT_ACCOUNT,
        WANT_MATCH,
        WANT_REMEMBERED,
        WANT_FULL_MATCH,
        WANT_IMPORTED,
        WANT_IMPORTED_MATCH,
        WANT_SCOPES,
        WANT_CODE,
        WANT_UNCHANGED
    } want;
};

struct verdict verdict_of(const struct facts *facts);

/* Whether the main password of this account is not enough for this login. */
bool verdict_needs_factor(const struct facts *facts);

#endif
