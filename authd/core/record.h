/* The end of a request: one log line, one row of the audit. */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stdint.h>

#include "core/login.h"

struct record {
    struct core *core;
    enum outcome outcome;
    enum reason reason;
    const struct login_context *context;
    struct span user;       /* the canonical name, or what was claimed instead of one */
    int64_t account;        /* 0: none, or not known */
    const char *credential; /* what let it in: "#p3"; or NULL */
    const char *factor;     /* what was good beside the main password: "totp"; or NULL */
    const char *why;        /* the mechanism's word on a malformed exchange; or NULL */
    bool gone;              /* the client left before its answer */
    int64_t ms;             /* since the claim arrived */
    const char *reference;  /* NULL: nobody was told one */
};

/* Of a request that ends without a decision: a protocol error was answered with a refusal, in all
 * other cases nobody was answered. */
enum outcome record_undecided(enum reason reason);

/* An exchange that was left, OUTCOME_MORE, is logged only. */
void record_auth(const struct record *record);

#endif
