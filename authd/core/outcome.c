#include "core/outcome.h"

const char *outcome_word(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_TEMPFAIL:
        return "tempfail";
    case OUTCOME_DENY:
        return "deny";
    case OUTCOME_ALLOW:
        return "allow";
    case OUTCOME_MORE:
        return "more";
    }
    return "deny";
}

const char *reason_word(enum reason reason)
{
    static const char *const words[] = {
#define X(name, word, meaning) [REASON_##name] = word,
        REASONS(X)
#undef X
    };
    return words[reason];
}
