/* Sending scopes: what a credential may be used for, as one JSON document per site, domain, class,
 * user and credential (docs/scope.md). Pure: parsing, the canonical form and its hash, and the
 * verdict on a login.
 *
 * Threat: a restriction that is ignored because it was misspelt, written twice, or written by a
 * newer authd. So a document with an unknown member is refused, every value has a type and bounds,
 * and an unknown fact satisfies no term. Two documents with the same meaning have the same
 * canonical form: canonical(canonical(x)) = canonical(x). */
#ifndef SCOPE_SCOPE_H
#define SCOPE_SCOPE_H

#include <jansson.h>

#include "core/network.h"

#define SCOPE_SIZE_MAX       16384 /* octets of the canonical form */
#define SCOPE_PATTERNS_MAX   256   /* of all lists together */
#define SCOPE_NETWORKS_MAX   256
#define SCOPE_WINDOWS_MAX    32
#define SCOPE_RATES_MAX      16
#define SCOPE_WORDS_MAX      16  /* of each list: mechanisms, services */
#define SCOPE_WORD_MAX       32  /* octets of the name of a mechanism or service */
#define SCOPE_DAYS_MAX       200 /* octets of the days of one window */
#define SCOPE_TZ_MAX         64
#define SCOPE_SIZE_LIMIT_MAX ((int64_t)1 << 40) /* of one message */
#define SCOPE_RECIPIENTS_MAX 1000000
#define SCOPE_RATE_N_MAX     ((int64_t)1 << 50)
#define SCOPE_FLAWS_MAX      20 /* reported for one document */
#define SCOPE_HASH_SIZE      65 /* SHA-256 in hex, and a NUL */

struct scope; /* scope/scope_document.h */

struct scope_flaw {
    char pointer[160]; /* RFC 6901: "/networks/allow/0"; "" is the document */
    char text[256];    /* ends a sentence that begins with `pointer`: the flaw and the remedy */
};

struct scope_flaws {
    size_t count;
    struct scope_flaw items[SCOPE_FLAWS_MAX];
};

/* NULL: the document is refused, and at least one flaw says why. `document` may be any JSON value;
 * the scope keeps no reference to it. */
struct scope *scope_parse_all(const json_t *document, struct scope_flaws *flaws);
/* Like scope_parse_all(), but reports only the first flaw. */
struct scope *scope_parse(const json_t *document, struct scope_flaw *flaw);
void scope_destroy(struct scope *scope); /* NULL is fine */

/* The canonical text: members and lists sorted, values in one spelling, defaults left out; NULL if
 * `document` is refused. Free with free(). */
char *scope_canonical(const json_t *document);
/* The canonical form as JSON; a new reference. */
json_t *scope_json(const struct scope *scope);
/* The name of a document: the SHA-256 of its canonical text, in lower-case hex. */
void scope_hash(const char *canonical, char out[static SCOPE_HASH_SIZE]);

/* The time zone of the scope's windows; NULL: the scope has no windows. */
const char *scope_tz(const struct scope *scope);

/* The facts of a login that a scope is checked against. A zeroed client, mechanism or service is
 * unknown. */
struct scope_facts {
    struct network_address client;
    bool tls;
    const char *mechanism; /* NULL: unknown */
    const char *service;   /* NULL: unknown */
    int64_t now;           /* the database's time: seconds since 1970 */
    int local_minute;      /* minute of the week in scope_tz(): Monday 00:00 is 0; -1: unknown */
};

/* X(NAME, word): the terms that can refuse, in the order in which they are checked. */
#define SCOPE_VERDICTS(X)                                                                          \
    X(OK, "ok")                                                                                    \
    X(NOT_BEFORE, "not_before")                                                                    \
    X(EXPIRED, "expires")                                                                          \
    X(MECHANISM, "mechanisms")                                                                     \
    X(SERVICE, "services")                                                                         \
    X(TLS, "tls")                                                                                  \
    X(NETWORK, "networks")                                                                         \
    X(TIME, "time")                                                                                \
    X(NEEDS_MTA, "policy") /* only from scope_rule() */

enum scope_verdict {
#define X(name, word) SCOPE_##name,
    SCOPE_VERDICTS(X)
#undef X
};

/* The document's verdict on a login: the first term that the facts do not satisfy. The mode is
 * ignored: see scope_enforced(). */
enum scope_verdict scope_auth(const struct scope *scope, const struct scope_facts *facts);
/* The member of the document that decided; "policy": a member that needs the policy service. */
const char *scope_verdict_word(enum scope_verdict verdict);

/* False: the document is in mode monitor, and that mode has not ended. A login that the document
 * refuses is then recorded and let through. */
bool scope_enforced(const struct scope *scope, int64_t now);
/* The end of mode monitor, in seconds since 1970; 0: the document is in another mode. */
int64_t scope_monitor_until(const struct scope *scope);

/* Whether the document has a term that only an MTA with the policy service can enforce:
 * envelope_from, header_from, recipients, max_size, max_recipients, rates. The mode is ignored. */
bool scope_needs_mta(const struct scope *scope);

/* ---- all documents of a login -------------------------------------------------------------- */

/* X(NAME, word): the levels that may have a document, the widest first. The documents of all levels
 * apply together. */
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

/* The name of a level's document, from authd.scope_word() of schema/. */
struct scope_name {
    char hash[SCOPE_HASH_SIZE]; /* "": the level has no document */
    int minute;                 /* scope_facts.local_minute for this document */
};

/* Parses "-" (no document), HASH or HASH@MINUTE. False: `word` is something else, and `out` says
 * "no document". */
bool scope_name_parse(struct span word, struct scope_name *out);

struct scope_set {
    struct scope_name names[SCOPE_LEVELS];
    const struct scope *scopes[SCOPE_LEVELS]; /* NULL: the level has no document */
};

/* The verdict of all documents together. */
struct scope_ruling {
    enum scope_verdict verdict;       /* the first enforced refusal, or SCOPE_OK */
    enum scope_level level;           /* the level of `verdict` */
    enum scope_verdict monitored;     /* the first refusal that mode monitor lets through, or OK */
    enum scope_level monitored_level; /* the level of `monitored` */
};

/* `facts->local_minute` is ignored: each document has its own. `plain`: the client's MTA does not
 * use the policy service, so a document with a term for the policy service refuses. */
struct scope_ruling scope_rule(const struct scope_set *set, const struct scope_facts *facts,
                               bool plain);

#endif
