/* One login, from claim to outcome: identify, lookup, verify, factor, consume, answer.
 *
 * Every front ends here: SASL exchanges, saslauthd, and sign-in over HTTP. The answer comes within
 * LOGIN_DEADLINE_MS, and a DENY comes on a fixed grid, so that time tells nothing about the
 * account. */
#ifndef LOGIN_LOGIN_H
#define LOGIN_LOGIN_H

#include <stdint.h>

#include "base/reference.h"
#include "core/outcome.h"
#include "credential/claim.h"

struct core;
struct login;

/* Postfix gives up at 10 s, several other clients at 8. */
#define LOGIN_DEADLINE_MS 7000
/* A DENY leaves at a multiple of this time after the claim arrived. */
#define LOGIN_GRID_MS 500

/* Where a claim comes from; for the log and for the identity. `mechanism` and `front` are constant,
 * the other texts are copied; none is NULL. */
struct login_context {
    const char *mechanism; /* "PLAIN" */
    const char *service;   /* as the client names it: "smtp"; may be empty */
    const char *front;     /* "dovecot", "saslauthd" */
    const char *client;    /* the mail client's address; empty: the front does not know it */
    const char *peer;      /* the process at the socket: "unix:101" */
    uint64_t fair_key;     /* the client's address or, without one, the connection, as a number:
                            claims with equal keys share one turn on the hash lane */
    bool tls;              /* the MTA says that the mail client's connection is encrypted */
    bool attested;         /* the protocol attests mechanism and client, so that a scope can decide
                          by them; false: they are for the log only */
    bool sign_in;          /* to authd itself, not to mail: only a main password is accepted */
    struct span code;      /* sign_in only: what was entered as a second factor; may be empty */
    bool tagged;           /* the identity is alice#p3@example.org, not alice@example.org */
};

/* Valid during the callback. */
struct login_result {
    enum outcome outcome;
    enum reason reason;
    const char *identity;  /* OUTCOME_ALLOW only */
    int64_t account;       /* OUTCOME_ALLOW only */
    int64_t version;       /* OUTCOME_ALLOW only: of the account when the secret was checked */
    const char *factor;    /* OUTCOME_ALLOW only: "totp", "recovery"; NULL: no second factor */
    bool must_enrol;       /* OUTCOME_ALLOW of a sign_in: good only for enrolling a second factor */
    bool code_unchecked;   /* REASON_SUSPENDED: a code is needed as well, and was not checked */
    const char *user;      /* the canonical name that was claimed; "": the claim has no such name */
    const char *reference; /* the word that the log has for this login */
};

typedef void login_done_f(const struct login_result *result, void *arg);

/* Copies the claim. `done` is called once, never from inside this call, unless cancelled. */
struct login *login_begin(struct core *core, const struct claim *claim,
                          const struct login_context *context, login_done_f *done, void *arg);
/* A login without a claim, because the exchange is malformed: `why`, a constant text for the log.
 * It is denied on the same grid. */
struct login *login_refuse(struct core *core, const char *why, const struct login_context *context,
                           login_done_f *done, void *arg);
/* Detaches the completion. The log line has the decision, if there is one already, or `reason`. */
void login_cancel(struct login *login, enum reason reason);

#endif
