/* The verdict of a sending scope on a login: a pure function of the document and the facts. Terms
 * about the credential and the mechanism are checked before terms about the client's place and the
 * time of day. */
#include <strings.h>

#include "scope/scope_document.h"

static bool words_contain(const struct scope_words *words, const char *word)
{
    for (size_t i = 0; word != NULL && i < words->count; i++) {
        if (strcasecmp(words->items[i], word) == 0) {
            return true;
        }
    }
    return !words->present;
}

static bool networks_contain(const struct scope_networks *networks,
                             const struct network_address *client)
{
    for (size_t i = 0; i < networks->count; i++) {
        if (network_contains(&networks->items[i], client)) {
            return true;
        }
    }
    return !networks->present;
}

static bool in_window(const struct scope *scope, int minute)
{
    bool known = minute >= 0 && minute < SCOPE_WEEK_MINUTES;

    for (size_t i = 0; known && i < scope->window_count; i++) {
        if (scope_window_contains(&scope->windows[i], minute)) {
            return true;
        }
    }
    return scope->tz == NULL;
}

enum scope_verdict scope_auth(const struct scope *scope, const struct scope_facts *facts)
{
    if (scope->not_before != 0 && facts->now < scope->not_before) {
        return SCOPE_NOT_BEFORE;
    }
    if (scope->expires != 0 && facts->now >= scope->expires) {
        return SCOPE_EXPIRED;
    }
    if (!words_contain(&scope->mechanisms, facts->mechanism)) {
        return SCOPE_MECHANISM;
    }
    if (!words_contain(&scope->services, facts->service)) {
        return SCOPE_SERVICE;
    }
    if (scope->tls_required && !facts->tls) {
        return SCOPE_TLS;
    }
    if (!networks_contain(&scope->networks, &facts->client)) {
        return SCOPE_NETWORK;
    }
    return in_window(scope, facts->local_minute) ? SCOPE_OK : SCOPE_TIME;
}

const char *scope_verdict_word(enum scope_verdict verdict)
{
    static const char *const words[] = {
#define X(name, word) [SCOPE_##name] = (word),
        SCOPE_VERDICTS(X)
#undef X
    };

    return words[verdict];
}

bool scope_enforced(const struct scope *scope, int64_t now)
{
    return !scope->monitor || now >= scope->monitor_until;
}

int64_t scope_monitor_until(const struct scope *scope)
{
    return scope->monitor ? scope->monitor_until : 0;
}

bool scope_needs_mta(const struct scope *scope)
{
    return scope->envelope_from.present || scope->header_from.present ||
           scope->recipients_allow.present || scope->recipients_deny.present ||
           scope->max_size != 0 || scope->max_recipients != 0 || scope->rate_count > 0;
}
