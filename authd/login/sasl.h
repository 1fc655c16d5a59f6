/* One SASL exchange (RFC 4422): drives a mechanism plugin until the plugin yields a claim, lets
 * login/login decide, and shows the mechanism the outcome. Protocols are the fronts' business, and
 * the database is login/login's. */
#ifndef LOGIN_SASL_H
#define LOGIN_SASL_H

#include <authd/plugin.h>

#include "login/login.h"

struct dialogue;

/* How long an exchange may take from its first line. */
#define DIALOGUE_LIFETIME_MS 150000

struct dialogue_ops {
    /* Send this challenge and wait for dialogue_step(). */
    void (*challenge)(void *arg, struct span challenge);
    /* The exchange has ended, perhaps inside dialogue_step(). It frees itself after this call. */
    void (*finished)(void *arg, const struct login_result *result);
    /* The exchange outlived DIALOGUE_LIFETIME_MS, and the client gets no answer. The exchange frees
     * itself after this call. */
    void (*expired)(void *arg);
};

struct dialogue_start {
    const struct authd_mechanism *mechanism;
    struct login_context context;
    bool has_response;    /* the client sent an initial response, maybe an empty one */
    struct span response; /* the initial response */
};

/* `challenge` may be called from inside this call, the other callbacks are not. */
struct dialogue *dialogue_create(struct core *core, const struct dialogue_start *start,
                                 const struct dialogue_ops *ops, void *arg);
/* Takes the client's answer. False: no challenge is outstanding, and nothing was done. */
bool dialogue_step(struct dialogue *dialogue, struct span response);
/* True: a challenge is outstanding. False: the core is deciding. */
bool dialogue_awaits(const struct dialogue *dialogue);
/* Ends the exchange for `reason`, without an answer and without any further callback. */
void dialogue_cancel(struct dialogue *dialogue, enum reason reason);

#endif
