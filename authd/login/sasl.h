/* One SASL exchange (RFC 4422): drives a mechanism plugin until the plugin yields a claim, lets
 * login/login decide, and passes the outcome to the mechanism. The fronts speak the protocols, and
 * login/login asks the database. */
#ifndef LOGIN_SASL_H
#define LOGIN_SASL_H

#include <authd/plugin.h>

#include "login/login.h"

struct sasl_exchange;

/* How long an exchange may take from its first line. */
#define SASL_EXCHANGE_LIFETIME_MS 150000

struct sasl_exchange_ops {
    /* Send this challenge and wait for sasl_exchange_step(). */
    void (*challenge)(void *arg, struct span challenge);
    /* The exchange has ended, perhaps inside sasl_exchange_step(). It frees itself after this call.
     */
    void (*finished)(void *arg, const struct login_result *result);
    /* The exchange outlived SASL_EXCHANGE_LIFETIME_MS, and the client gets no answer. The exchange
     * frees itself after this call. */
    void (*expired)(void *arg);
};

struct sasl_exchange_start {
    const struct authd_mechanism *mechanism;
    struct login_context context;
    bool has_response;    /* the client sent an initial response, maybe an empty one */
    struct span response; /* the initial response */
};

/* `challenge` may be called from inside this call, the other callbacks are not. */
struct sasl_exchange *sasl_exchange_create(struct core *core,
                                           const struct sasl_exchange_start *start,
                                           const struct sasl_exchange_ops *ops, void *arg);
/* Takes the client's answer. False: no challenge is outstanding, and nothing was done. */
bool sasl_exchange_step(struct sasl_exchange *exchange, struct span response);
/* True: a challenge is outstanding. False: the core is deciding. */
bool sasl_exchange_awaits(const struct sasl_exchange *exchange);
/* Ends the exchange for `reason`, without an answer and without any further callback. */
void sasl_exchange_cancel(struct sasl_exchange *exchange, enum reason reason);

#endif
