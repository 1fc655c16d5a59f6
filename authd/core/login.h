/* One login, from claim to outcome: identify, lookup, verify, verdict, consume, record.
 *
 * Every front ends here: SASL dialogues, saslauthd, later HTTP sign-in. The answer comes within
 * LOGIN_DEADLINE_MS, a DENY on a fixed grid, so that time tells nothing about the account. */
#ifndef CORE_LOGIN_H
#define CORE_LOGIN_H

#include <stdint.h>

#include "base/reference.h"
#include "core/claim.h"
#include "core/outcome.h"

struct core;
struct login;

/* Postfix gives up at 10 s, several other clients at 8. */
#define LOGIN_DEADLINE_MS 7000
/* A DENY leaves at a multiple of this after the claim arrived. */
#define LOGIN_GRID_MS 500

/* Where a claim comes from; for the log and for the identity. `mechanism` and `front` are constant,
 * the other texts are copied; none is NULL. */
struct login_context {
    const char *mechanism; /* "PLAIN" */
    const char *service;   /* as the client names it: "smtp"; may be empty */
    const char *front;     /* "dovecot", "saslauthd" */
    const char *client;    /* the mail client's address; empty: not told */
    const char *peer;      /* who is at the socket: "unix:101" */
    uint64_t source;       /* who has to share with whom when there is too much to do: the client's
                              address or, without one, the connection, as a number */
    bool tls;              /* the mail client's connection, as the MTA says */
    bool told;             /* mechanism and client are part of the protocol, so that a scope can be
                              held to them; else they are for the log */
    bool sign_in;          /* to authd itself, not to mail: only a main password is good for that */
    struct span code;      /* sign_in only: what was entered as a second factor; empty: nothing */
    bool tagged;           /* identity is alice#p3@example.org, not alice@example.org */
};

struct login_result { /* valid during the callback */
    enum outcome outcome;
    enum reason reason;
    const char *identity; /* with OUTCOME_ALLOW, and: */
    int64_t account;
    int64_t version;    /* of the account, as it was when the secret was checked */
    const char *factor; /* beside the password: "totp", "recovery"; NULL: none */
    bool must_enrol;    /* sign_in only: good for nothing but to enrol a second factor */
    bool open;          /* REASON_SUSPENDED: of a code that is needed as well, nothing was asked */
    const char *user;   /* the canonical name that was claimed; "" if it is no name */
    const char *reference; /* with the others: the word that is in the log */
};

typedef void login_done_f(const struct login_result *result, void *arg);

/* Copies the claim. `done` is called once, never from inside this call, unless cancelled. */
struct login *login_begin(struct core *core, const struct claim *claim,
                          const struct login_context *context, login_done_f *done, void *arg);
/* A request that has no claim to judge: `why` it is malformed. Denied on the same grid. */
struct login *login_refuse(struct core *core, const char *why, const struct login_context *context,
                           login_done_f *done, void *arg);
/* Detaches the completion. The log line has the decision if there is one already, else `reason`. */
void login_cancel(struct login *login, enum reason reason);

#endif
