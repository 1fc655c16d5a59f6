/* The documents of all levels together: a login passes only if every level lets it pass. */
#include <stdlib.h>

#include "scope/scope_document.h"

const char *scope_level_word(enum scope_level level)
{
    static const char *const words[] = {
#define X(name, word) [SCOPE_OF_##name] = (word),
        SCOPE_LEVEL_LIST(X)
#undef X
    };

    return words[level];
}

static bool is_hash(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
            return false;
        }
    }
    return text.len == SCOPE_HASH_SIZE - 1;
}

/* A decimal minute of the week; -1: the text is something else. */
static int parse_minute(struct span text)
{
    int minute = 0;

    for (size_t i = 0; i < text.len && text.len <= 5; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return -1;
        }
        minute = minute * 10 + (text.ptr[i] - '0');
    }
    return text.len > 0 && text.len <= 5 && minute < SCOPE_WEEK_MINUTES ? minute : -1;
}

bool scope_name_parse(struct span word, struct scope_name *out)
{
    const char *at = word.len > 0 ? memchr(word.ptr, '@', word.len) : NULL;
    struct span hash = {word.ptr, at != NULL ? (size_t)(at - word.ptr) : word.len};

    *out = (struct scope_name){.minute = -1};
    if (span_is(word, "-")) {
        return true;
    }
    if (!is_hash(hash)) {
        return false;
    }
    if (at != NULL) {
        out->minute = parse_minute((struct span){at + 1, word.len - hash.len - 1});
    }
    if (at != NULL && out->minute < 0) {
        return false;
    }
    span_text(hash, out->hash, sizeof(out->hash));
    return true;
}

static enum scope_verdict level_verdict(const struct scope_set *set, enum scope_level level,
                                        const struct scope_facts *facts, bool plain)
{
    const struct scope *scope = set->scopes[level];
    struct scope_facts here = *facts;

    here.local_minute = set->names[level].minute;

    enum scope_verdict verdict = scope_auth(scope, &here);

    return verdict == SCOPE_OK && plain && scope_needs_mta(scope) ? SCOPE_NEEDS_MTA : verdict;
}

struct scope_ruling scope_rule(const struct scope_set *set, const struct scope_facts *facts,
                               bool plain)
{
    struct scope_ruling ruling = {.verdict = SCOPE_OK, .monitored = SCOPE_OK};

    for (enum scope_level level = 0; level < SCOPE_LEVELS; level++) {
        if (set->scopes[level] == NULL) {
            continue;
        }
        enum scope_verdict verdict = level_verdict(set, level, facts, plain);
        bool enforced = scope_enforced(set->scopes[level], facts->now);

        if (verdict != SCOPE_OK && enforced && ruling.verdict == SCOPE_OK) {
            ruling.verdict = verdict;
            ruling.level = level;
        }
        if (verdict != SCOPE_OK && !enforced && ruling.monitored == SCOPE_OK) {
            ruling.monitored = verdict;
            ruling.monitored_level = level;
        }
    }
    return ruling;
}
