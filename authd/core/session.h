/* Sessions of the HTTP API: made when somebody has proved who he is, ended when he signs out.
 *
 * Threats: a session that was there before the sign-in and that an attacker knows (fixation), so
 * each sign-in makes a new one and ends the old one of the same browser; an account that changed
 * while its password was being checked, so the database compares its version; a stolen database,
 * which holds keyed digests only. Of sessions that are used the database learns it once a minute at
 * most. */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <jansson.h>

#include "base/span.h"
#include "core/derived.h"

struct core;
struct session_call;

/* A session's cookie: 256 random bits, of which the database has a keyed digest. */
#define SESSION_OCTETS 32
#define SESSION_LENGTH 43 /* base64url */

/* False: it is no cookie of ours, and `out` is not set. */
bool session_digest(const struct core *core, struct span cookie, char out[static DERIVED_HEX_SIZE]);

enum session_result {
    SESSION_DONE,
    SESSION_REFUSED, /* the account has changed, or is suspended now */
    SESSION_UNAVAILABLE,
};

/* Valid during the callback. */
struct session_answer {
    enum session_result result;
    const char *cause;  /* for the log; may be NULL */
    json_t *object;     /* of a new session */
    const char *cookie; /* of a new session: SESSION_LENGTH characters */
};

typedef void session_done_f(const struct session_answer *answer, void *arg);

struct session_new {
    int64_t account;
    int64_t version;    /* of the account, when the password was checked */
    const char *factor; /* what came beside the password: "totp", "recovery"; NULL: nothing */
    bool must_enrol;    /* good for enrolling a second factor only */
    const char *client; /* its address; NULL: none is known */
    const char *agent;  /* what it calls itself; may be NULL */
    struct span old;    /* the cookie that the browser had; empty: none */
};

/* `done` is called once, never from inside these calls, unless cancelled. */
struct session_call *session_add(struct core *core, const struct session_new *session,
                                 session_done_f *done, void *arg);
struct session_call *session_end(struct core *core, struct span cookie, session_done_f *done,
                                 void *arg);
void session_cancel(struct session_call *call);

/* Notes that it was used. */
void session_touch(struct core *core, const char *digest);

#endif
