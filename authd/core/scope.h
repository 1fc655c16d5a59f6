/* Sending scopes: what a credential may be used for, as one JSON document per site, domain, class,
 * user and credential (docs/scope.md). Pure: parsing, the canonical form that the content hash
 * names, and the judgement of what is known when somebody signs in.
 *
 * Threat: a restriction that is ignored because it was misspelt, written twice, or written by a
 * newer authd. So an unknown member refuses the document, every value has a type and bounds, and
 * a fact that is missing satisfies no term. Two documents that mean the same have one canonical
 * form: canonical(canonical(x)) = canonical(x). */
#ifndef CORE_SCOPE_H
#define CORE_SCOPE_H

#include <jansson.h>

#include "core/network.h"

#define SCOPE_SIZE_MAX       16384 /* octets of the canonical form */
#define SCOPE_PATTERNS_MAX   256   /* of all lists together */
#define SCOPE_NETWORKS_MAX   256
#define SCOPE_WINDOWS_MAX    32
#define SCOPE_RATES_MAX      16
#define SCOPE_WORDS_MAX      16 /* mechanisms, services */
#define SCOPE_TZ_MAX         64
#define SCOPE_SIZE_LIMIT_MAX ((int64_t)1 << 40) /* of one message */
#define SCOPE_RECIPIENTS_MAX 1000000
#define SCOPE_RATE_N_MAX     ((int64_t)1 << 50)
#define SCOPE_FLAWS_MAX      20 /* told at once */
#define SCOPE_HASH_SIZE      65 /* SHA-256 in hex, and a NUL */

struct scope; /* core/scope_document.h */

struct scope_flaw {
    char pointer[160]; /* RFC 6901: "/networks/allow/0"; "" is the document */
    char text[256];    /* completes a sentence that begins with it: what is wrong, what to write */
};

struct scope_flaws {
    size_t count;
    struct scope_flaw items[SCOPE_FLAWS_MAX];
};

/* NULL: refused, and at least one flaw says why. `document` may be any JSON value; it is not kept.
 */
struct scope *scope_parse_all(const json_t *document, struct scope_flaws *flaws);
/* The same, with the first flaw alone. */
struct scope *scope_parse(const json_t *document, struct scope_flaw *flaw);
void scope_destroy(struct scope *scope); /* NULL is fine */

/* The canonical text: members and lists sorted, values in one spelling, defaults left out; NULL if
 * `document` is refused. Free with free(). */
char *scope_canonical(const json_t *document);
/* As JSON; a new reference. */
json_t *scope_json(const struct scope *scope);
/* The name of a document: lower-case hex. */
void scope_hash(const char *canonical, char out[static SCOPE_HASH_SIZE]);

/* The time zone of its windows; NULL: it has none. */
const char *scope_tz(const struct scope *scope);

/* What is known when somebody signs in. Zeroed facts but the two times: nothing is known. */
struct scope_facts {
    struct network_address client;
    bool tls;
    const char *mechanism; /* NULL: unknown */
    const char *service;   /* NULL: unknown */
    int64_t now;           /* the database's: seconds since 1970 */
    int local_minute;      /* of the week in scope_tz(): Monday 00:00 is 0; -1: unknown */
};

/* X(NAME, word): the first term that is not satisfied, in this order. */
#define SCOPE_VERDICTS(X)                                                                          \
    X(OK, "ok")                                                                                    \
    X(NOT_BEFORE, "not_before")                                                                    \
    X(EXPIRED, "expires")                                                                          \
    X(MECHANISM, "mechanisms")                                                                     \
    X(SERVICE, "services")                                                                         \
    X(TLS, "tls")                                                                                  \
    X(NETWORK, "networks")                                                                         \
    X(TIME, "time")                                                                                \
    X(NEEDS_MTA, "policy") /* from scope_rule() alone */

enum scope_verdict {
#define X(name, word) SCOPE_##name,
    SCOPE_VERDICTS(X)
#undef X
};

/* What the document says to a sign-in, whatever its mode: see scope_enforced(). */
enum scope_verdict scope_auth(const struct scope *scope, const struct scope_facts *facts);
/* The member of the document that decided; "policy": one that needs the policy service. */
const char *scope_verdict_word(enum scope_verdict verdict);

/* False: in mode monitor, whose end has not come; what it refuses is recorded and let through. */
bool scope_enforced(const struct scope *scope, int64_t now);
/* When mode monitor ends, in seconds since 1970; 0: it is not in that mode. */
int64_t scope_monitor_until(const struct scope *scope);

/* Whether it has a term that only an MTA with the policy service can enforce: envelope_from,
 * header_from, recipients, max_size, max_recipients, rates. Whatever its mode. */
bool scope_needs_mta(const struct scope *scope);

/* ---- all documents of a login -------------------------------------------------------------- */

/* X(NAME, word), from the outside in. All of them hold. */
#define SCOPE_LEVEL_LIST(X)                                                                        \
    X(SITE, "site")                                                                                \
    X(DOMAIN, "domain")                                                                            \
    X(CLASS, "class")                                                                              \
    X(USER, "user")                                                                                \
    X(CREDENTIAL, "credential")

enum scope_level {
#define X(name, word) SCOPE_OF_##name,
    SCOPE_LEVEL_LIST(X)
#undef X
        SCOPE_LEVELS
};

const char *scope_level_word(enum scope_level level);

/* A document by its name, as authd.scope_word() of schema/ tells it. */
struct scope_name {
    char hash[SCOPE_HASH_SIZE]; /* "": there is none */
    int minute;                 /* scope_facts.local_minute of this document */
};

/* "-", HASH or HASH@MINUTE. False: it is none of these, and `out` is "there is none". */
bool scope_name_parse(struct span word, struct scope_name *out);

struct scope_set {
    struct scope_name names[SCOPE_LEVELS];
    const struct scope *scopes[SCOPE_LEVELS]; /* NULL: there is none */
};

/* What all of them say together. */
struct scope_ruling {
    enum scope_verdict verdict;   /* the first refusal that is enforced, or SCOPE_OK */
    enum scope_level level;       /* whose */
    enum scope_verdict monitored; /* the first that mode monitor lets through, or SCOPE_OK */
    enum scope_level monitored_level;
};

/* `facts->local_minute` is ignored: each document has its own. `plain`: nobody will ask the policy
 * service about this login, so a document with a term for it refuses. */
struct scope_ruling scope_rule(const struct scope_set *set, const struct scope_facts *facts,
                               bool plain);

#endif
