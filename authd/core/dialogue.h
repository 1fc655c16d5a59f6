/* One SASL exchange (RFC 4422): drives a mechanism plugin until it yields a claim, lets core/login
 * decide, shows the mechanism the outcome. Knows no protocol and no database. */
#ifndef CORE_DIALOGUE_H
#define CORE_DIALOGUE_H

#include <authd/plugin.h>

#include "core/login.h"

struct dialogue;

/* How long an exchange may take from its first line. */
#define DIALOGUE_LIFETIME_MS 150000

struct dialogue_ops {
    /* Send this challenge and wait for dialogue_step(). */
    void (*challenge)(void *arg, struct span challenge);
    /* The end, from dialogue_step() too; the dialogue frees itself after this call. */
    void (*finished)(void *arg, const struct login_result *result);
    /* The exchange outlived DIALOGUE_LIFETIME_MS: nobody is answered. Frees itself likewise. */
    void (*expired)(void *arg);
};

struct dialogue_start {
    const struct authd_mechanism *mechanism;
    struct login_context context;
    bool has_response; /* an initial response, maybe empty: */
    struct span response;
};

/* Of the callbacks, only `challenge` may be called from inside this call. */
struct dialogue *dialogue_create(struct core *core, const struct dialogue_start *start,
                                 const struct dialogue_ops *ops, void *arg);
/* The client's answer. False: no challenge is outstanding; nothing was done. */
bool dialogue_step(struct dialogue *dialogue, struct span response);
/* Is a challenge outstanding? Otherwise the core is deciding. */
bool dialogue_awaits(const struct dialogue *dialogue);
/* Ends it without an answer of the core's, for `reason`; no callback afterwards. */
void dialogue_cancel(struct dialogue *dialogue, enum reason reason);

#endif
