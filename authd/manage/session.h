/* Sessions of the HTTP API: a sign-in makes a session, a sign-out ends it.
 *
 * Threats: a session from before the sign-in that an attacker knows (fixation), so each sign-in
 * makes a new session and ends the old one of the same browser; an account that changed while its
 * password was checked, so the database compares the account's version; a stolen database, so the
 * database has keyed digests only. */
#ifndef MANAGE_SESSION_H
#define MANAGE_SESSION_H

#include <jansson.h>

#include "base/span.h"
#include "core/subkey.h"

struct core;
struct session_call;

/* A session's cookie has 256 random bits. The database has a keyed digest of them. */
#define SESSION_OCTETS 32
#define SESSION_LENGTH 43 /* characters of base64url */

/* Writes the digest of a cookie. False: the cookie is malformed, and `out` is not set. */
bool session_digest(const struct core *core, struct span cookie, char out[static SUBKEY_HEX_SIZE]);

enum session_result {
    SESSION_DONE,
    SESSION_REFUSED, /* the account has changed, or is now suspended */
    SESSION_UNAVAILABLE,
};

/* The result of a call, valid during the callback only. */
struct session_answer {
    enum session_result result;
    const char *cause;  /* for the log, may be NULL */
    json_t *object;     /* the new session's object of the API; NULL otherwise */
    const char *cookie; /* the new session's SESSION_LENGTH characters; NULL otherwise */
};

typedef void session_done_f(const struct session_answer *answer, void *arg);

struct session_new {
    int64_t account;
    int64_t version;    /* version of the account when the password was checked */
    const char *factor; /* second factor: "totp" or "recovery"; NULL: none was given */
    bool must_enrol;    /* the session may only enrol a second factor */
    const char *client; /* the client's address; NULL: unknown */
    const char *agent;  /* the client's User-Agent; may be NULL */
    struct span old;    /* cookie that the browser had before; empty: none */
};

/* Makes a session, or ends one. `done` is called once, never from inside these calls, and not after
 * session_cancel(). */
struct session_call *session_add(struct core *core, const struct session_new *session,
                                 session_done_f *done, void *arg);
struct session_call *session_end(struct core *core, struct span cookie, session_done_f *done,
                                 void *arg);
void session_cancel(struct session_call *call);

/* Records the use of a session. The database writes at most once a minute. */
void session_touch(struct core *core, const char *digest);

#endif
