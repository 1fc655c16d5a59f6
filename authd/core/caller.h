/* Who asks: a credential made into a role, before anything of the request's body is looked at, so
 * that nobody who is unknown makes us parse or hash.
 *
 * Threats: a stolen database, so it holds only keyed digests of sessions and API keys; a credential
 * that was revoked while its request ran, so the database reads it again in the transaction of the
 * change (authd.manage()). */
#ifndef CORE_CALLER_H
#define CORE_CALLER_H

#include <jansson.h>
#include <stdint.h>

#include "base/span.h"

struct caller_call;
struct core;

enum caller_kind { CALLER_NOBODY = 0, CALLER_HOST, CALLER_SESSION, CALLER_API_KEY };

/* In the order of their rank: nobody acts on a role that is not below his own. */
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
    const char *name;    /* for people and the log: "alice@example.org"; NULL: nobody */
    const char *login;   /* of the account; NULL: the caller has none */
    bool fresh;          /* a session: the password was given a few minutes ago */
    bool must_enrol;     /* a session that is good for enrolling a second factor only */
    const json_t *known; /* the object of authd.caller(): reach, rights and all; NULL: nobody */
    json_t *credential;  /* for authd.manage(); NULL: nobody */
};

/* "domain-admin"; NULL for CALLER_NONE. */
const char *caller_role_word(enum caller_role role);
/* CALLER_NONE: there is no such role. */
enum caller_role caller_role_of(const char *word);

/* Root or authd's own user, as the socket says: no question. The caller is to be finished. */
void caller_host(struct caller *caller, const char *name);

/* Drops what a caller holds; it is nobody then. */
void caller_finish(struct caller *caller);

/* What a request showed. */
struct credential {
    enum caller_kind kind; /* CALLER_SESSION, CALLER_API_KEY */
    struct span text;      /* the cookie's value, or the key as it was sent */
    const char *address;   /* the client's; NULL: not known */
};

enum caller_result {
    CALLER_UNKNOWN,     /* nobody's: wrong, ended or revoked */
    CALLER_KNOWN,       /* `caller` is set, and the callback's to finish */
    CALLER_UNAVAILABLE, /* cannot tell; `cause` is for the log */
};

typedef void caller_done_f(enum caller_result result, struct caller *caller, const char *cause,
                           void *arg);

/* `done` is called once, never from inside this call, unless cancelled. */
struct caller_call *caller_resolve(struct core *core, const struct credential *credential,
                                   caller_done_f *done, void *arg);
void caller_cancel(struct caller_call *call);

#endif
