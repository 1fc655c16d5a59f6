/* A parsed sending scope. Private to scope/scope*; docs/scope.md explains each member. */
#ifndef SCOPE_SCOPE_DOCUMENT_H
#define SCOPE_SCOPE_DOCUMENT_H

#include "base/arena.h"
#include "scope/scope.h"
#include "scope/scope_pattern.h"
#include "scope/scope_time.h"

#define SCOPE_RATE_PER_MAX ((int64_t)90 * 86400)

struct scope_patterns {
    bool present; /* false: no restriction; a present list that is empty lets no value through */
    size_t given; /* number of patterns in the document, with repetitions */
    size_t count;
    struct scope_pattern *items; /* sorted, without repetitions */
};

struct scope_networks {
    bool present; /* false: no restriction; a present list that is empty lets no client through */
    size_t count;
    struct network *items;
};

struct scope_words {
    bool present; /* false: no restriction; a present list that is empty lets no word through */
    size_t count;
    const char **items;
};

enum scope_align { SCOPE_ALIGN_NONE, SCOPE_ALIGN_DOMAIN, SCOPE_ALIGN_ENVELOPE };

enum scope_count { SCOPE_BYTES, SCOPE_MESSAGES, SCOPE_NEW_RECIPIENTS, SCOPE_RECIPIENTS };

struct scope_rate {
    enum scope_count count;
    int64_t n;
    int64_t per; /* seconds */
    bool of_all; /* true: one bucket for all users of the level; false: one for each user */
};

struct scope {
    struct arena *arena; /* owns this struct and everything in it */

    bool monitor;
    int64_t monitor_until; /* seconds since 1970; 0: not given */
    int64_t not_before;    /* seconds since 1970; 0: not given */
    int64_t expires;       /* seconds since 1970; 0: not given */

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

    const char *tz; /* NULL: the scope has no windows */
    size_t window_count;
    struct scope_window *windows;

    int64_t max_size;       /* 0: not given */
    int64_t max_recipients; /* 0: not given */
    size_t rate_count;
    struct scope_rate *rates;
};

/* How jansson writes the canonical text. */
#define SCOPE_JSON_FLAGS (JSON_COMPACT | JSON_SORT_KEYS)

/* The words of enum scope_align and enum scope_count, in order, NULL-terminated. */
extern const char *const scope_align_words[];
extern const char *const scope_count_words[];

#endif
