/* The caller of the API: a credential is resolved to a role before the request's body is read, so
 * that an unknown client cannot make authd parse or hash.
 *
 * Threats: a stolen database, so the database has only keyed digests of sessions and API keys; a
 * credential revoked while its request runs, so the database reads the credential again in the
 * transaction of the change (authd.manage()). */
#ifndef MANAGE_CALLER_H
#define MANAGE_CALLER_H

#include <jansson.h>
#include <stdint.h>

#include "base/span.h"

struct caller_call;
struct core;

enum caller_kind { CALLER_NOBODY = 0, CALLER_HOST, CALLER_SESSION, CALLER_API_KEY };

/* Roles in the order of their rank. A caller may act only on users whose role is below the
 * caller's. */
enum caller_role {
    CALLER_NONE = 0, /* no role */
    CALLER_USER,
    CALLER_HELPDESK,
    CALLER_DOMAIN_ADMIN,
    CALLER_AUDITOR,
    CALLER_ADMIN,
    CALLER_ROOT, /* root or authd's own user on this machine */
};

struct caller {
    enum caller_kind kind;
    enum caller_role role;
    const char *name;  /* for people and the log: "alice@example.org"; NULL: CALLER_NOBODY */
    const char *login; /* login of the account; NULL: the caller has none */
    bool fresh;        /* the session's password was given a few minutes ago */
    bool must_enrol;   /* the session may only enrol a second factor */
    /* The object that authd.caller() returned: reach, rights and more. NULL: CALLER_NOBODY. */
    const json_t *known;
    json_t *credential; /* the argument for authd.manage(); NULL: CALLER_NOBODY */
};

/* The word of a role, such as "domain-admin"; NULL for CALLER_NONE. */
const char *caller_role_word(enum caller_role role);
/* The role of a word. CALLER_NONE: there is no such role. */
enum caller_role caller_role_of(const char *word);

/* Makes the caller that the peer of a unix socket is: root or authd's own user. Needs no database.
 * The owner calls caller_finish(). */
void caller_host(struct caller *caller, const char *name);

/* Frees the members; the caller is CALLER_NOBODY afterwards. */
void caller_finish(struct caller *caller);

/* The credential that a request presented. */
struct credential {
    enum caller_kind kind; /* CALLER_SESSION, CALLER_API_KEY */
    struct span text;      /* the cookie's value, or the API key as it was sent */
    const char *address;   /* the client's address; NULL: unknown */
};

enum caller_result {
    CALLER_UNKNOWN,     /* the credential is wrong, has ended or was revoked */
    CALLER_KNOWN,       /* `caller` is set; the callback calls caller_finish() */
    CALLER_UNAVAILABLE, /* the database gave no answer; `cause` is for the log */
};

typedef void caller_done_f(enum caller_result result, struct caller *caller, const char *cause,
                           void *arg);

/* Resolves a credential. `done` is called once, never from inside this call, and not after
 * caller_cancel(). */
struct caller_call *caller_resolve(struct core *core, const struct credential *credential,
                                   caller_done_f *done, void *arg);
void caller_cancel(struct caller_call *call);

#endif
