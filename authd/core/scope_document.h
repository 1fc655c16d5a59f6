/* A parsed sending scope. For core/scope_* alone; the meaning of each member is docs/scope.md. */
#ifndef CORE_SCOPE_DOCUMENT_H
#define CORE_SCOPE_DOCUMENT_H

#include "base/arena.h"
#include "core/scope.h"
#include "core/scope_pattern.h"
#include "core/scope_time.h"

#define SCOPE_WORD_MAX     32 /* of mechanisms, services */
#define SCOPE_RATE_PER_MAX ((int64_t)90 * 86400)

/* A list that is present may be empty: then nothing satisfies it. */
struct scope_patterns {
    bool present;
    size_t given; /* items as written */
    size_t count;
    struct scope_pattern *items; /* sorted, each once */
};

struct scope_networks {
    bool present;
    size_t count;
    struct network *items;
};

struct scope_words {
    bool present;
    size_t count;
    const char **items;
};

enum scope_align { SCOPE_ALIGN_NONE, SCOPE_ALIGN_DOMAIN, SCOPE_ALIGN_ENVELOPE };

enum scope_count { SCOPE_BYTES, SCOPE_MESSAGES, SCOPE_NEW_RECIPIENTS, SCOPE_RECIPIENTS };

struct scope_rate {
    enum scope_count count;
    int64_t n;
    int64_t per; /* seconds */
    bool of_all; /* one bucket for all users of the level, not one for each */
};

struct scope {
    struct arena *arena; /* owns everything, and this */

    bool monitor;
    int64_t monitor_until; /* seconds since 1970, as all times; 0: none */
    int64_t not_before;
    int64_t expires;

    struct scope_patterns envelope_from;
    bool null_sender;
    struct scope_patterns header_from;
    enum scope_align align;
    struct scope_patterns recipients_allow;
    struct scope_patterns recipients_deny;

    struct scope_networks networks;
    bool tls_required;
    struct scope_words mechanisms; /* upper case */
    struct scope_words services;   /* lower case */

    const char *tz; /* NULL: no term of time */
    size_t window_count;
    struct scope_window *windows;

    int64_t max_size; /* 0: none */
    int64_t max_recipients;
    size_t rate_count;
    struct scope_rate *rates;
};

/* How the canonical text is written. */
#define SCOPE_JSON_FLAGS (JSON_COMPACT | JSON_SORT_KEYS)

/* The words of the enums, NULL-terminated, in their order. */
extern const char *const scope_align_words[];
extern const char *const scope_count_words[];

#endif
