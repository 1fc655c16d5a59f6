#include "login/sasl.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "core/core.h"
#include "login/login_record.h"
#include "loop/loop.h"

struct sasl_exchange {
    struct core *core;
    struct arena *arena; // holds the exchange itself and the mechanism's state
    const struct authd_mechanism *mechanism;
    struct login_context context;
    const struct sasl_exchange_ops *ops;
    void *arg;
    void *state;
    struct login *login;        // set while the core decides
    struct login_result *ended; // the decision, while the mechanism's last challenge is outstanding
    bool awaiting;              // a challenge is outstanding
    int64_t began;
    struct event lifetime;
};

static struct authd_bytes bytes_of(struct span span)
{
    return (struct authd_bytes){(const unsigned char *)span.ptr, span.len};
}

static struct span span_of_bytes(struct authd_bytes bytes)
{
    return (struct span){(const char *)bytes.ptr, bytes.len};
}

static void sasl_exchange_free(struct sasl_exchange *exchange)
{
    if (exchange->mechanism->wipe != NULL) {
        exchange->mechanism->wipe(exchange->state);
    }
    evtimer_del(&exchange->lifetime);
    arena_destroy(exchange->arena);
}

static void sasl_exchange_finish(struct sasl_exchange *exchange, const struct login_result *result)
{
    exchange->ops->finished(exchange->arg, result);
    sasl_exchange_free(exchange);
}

/* The exchange ends before there was a claim to decide on. */
static void sasl_exchange_record(const struct sasl_exchange *exchange, enum reason reason)
{
    login_record_write(&(struct login_record){
        .core = exchange->core,
        .outcome = login_record_undecided(reason),
        .reason = reason,
        .context = &exchange->context,
        .ms = clock_ms() - exchange->began,
    });
}

static void sasl_exchange_expired(evutil_socket_t fd, short what, void *arg)
{
    struct sasl_exchange *exchange = arg;

    (void)fd;
    (void)what;
    if (exchange->login != NULL) {
        return; // the login has a deadline of its own
    }
    if (exchange->ended == NULL) {
        sasl_exchange_record(exchange, REASON_ABANDONED);
    }
    exchange->ops->expired(exchange->arg);
    sasl_exchange_free(exchange);
}

static void sasl_exchange_challenge(struct sasl_exchange *exchange, struct authd_bytes challenge)
{
    const struct timeval lifetime = {.tv_sec = SASL_EXCHANGE_LIFETIME_MS / 1000};

    exchange->awaiting = true;
    if (!evtimer_pending(&exchange->lifetime,
                         NULL)) { // from the first challenge on, never extended
        evtimer_add(&exchange->lifetime, &lifetime);
    }
    exchange->ops->challenge(exchange->arg, span_of_bytes(challenge));
}

static char *copy_or_null(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, span_of(text));
}

/* The core has decided. The mechanism may send a last challenge, which changes nothing. */
static void sasl_exchange_decided(const struct login_result *result, void *arg)
{
    struct sasl_exchange *exchange = arg;
    struct authd_step_out out = {0};

    exchange->login = NULL;
    if (exchange->mechanism->conclude != NULL && result->outcome != OUTCOME_TEMPFAIL) {
        exchange->mechanism->conclude(exchange->state, result->outcome == OUTCOME_ALLOW, &out);
    }
    if (out.kind != AUTHD_CHALLENGE || out.challenge.len > AUTHD_CHALLENGE_MAX) {
        sasl_exchange_finish(exchange, result);
        return;
    }
    exchange->ended = arena_new(exchange->arena, struct login_result);
    *exchange->ended = *result;
    exchange->ended->identity = copy_or_null(exchange->arena, result->identity);
    exchange->ended->user = copy_or_null(exchange->arena, result->user);
    exchange->ended->reference = copy_or_null(exchange->arena, result->reference);
    sasl_exchange_challenge(exchange, out.challenge);
}

static void sasl_exchange_refuse(struct sasl_exchange *exchange, const char *why)
{
    exchange->login =
        login_refuse(exchange->core, why, &exchange->context, sasl_exchange_decided, exchange);
}

static void sasl_exchange_run(struct sasl_exchange *exchange, const struct authd_step_in *in)
{
    struct authd_step_out out = {0};

    if (in->bytes.len > AUTHD_RESPONSE_MAX) {
        sasl_exchange_refuse(exchange, "response is too long");
        return;
    }
    exchange->mechanism->step(exchange->state, in, &out);
    switch (out.kind) {
    case AUTHD_CHALLENGE:
        if (out.challenge.len > AUTHD_CHALLENGE_MAX) {
            sasl_exchange_refuse(exchange, "challenge is too long");
        } else {
            sasl_exchange_challenge(exchange, out.challenge);
        }
        return;
    case AUTHD_CLAIM: {
        struct claim claim = {
            .authcid = span_of_bytes(out.claim.authcid),
            .authzid = span_of_bytes(out.claim.authzid),
            .secret = span_of_bytes(out.claim.secret),
        };

        if (out.claim.kind == AUTHD_CLAIM_PASSWORD) {
            exchange->login = login_begin(exchange->core, &claim, &exchange->context,
                                          sasl_exchange_decided, exchange);
            return;
        }
        sasl_exchange_refuse(exchange, "this kind of claim is not served");
        return;
    }
    case AUTHD_WANT_MATERIAL:
        sasl_exchange_refuse(exchange, "no verifier of this kind is stored");
        return;
    case AUTHD_REFUSE:
        break;
    }
    sasl_exchange_refuse(exchange, out.why != NULL ? out.why : "refused by the mechanism");
}

struct sasl_exchange *sasl_exchange_create(struct core *core,
                                           const struct sasl_exchange_start *start,
                                           const struct sasl_exchange_ops *ops, void *arg)
{
    struct arena *arena = arena_create();
    struct sasl_exchange *exchange = arena_new(arena, struct sasl_exchange);
    struct authd_step_in in = {
        .kind = AUTHD_RESPONSE,
        .present = start->has_response,
        .bytes = bytes_of(start->response),
    };

    exchange->core = core;
    exchange->began = clock_ms();
    exchange->arena = arena;
    exchange->mechanism = start->mechanism;
    exchange->context = start->context;
    exchange->context.service = arena_copy(arena, span_of(start->context.service));
    exchange->context.client = arena_copy(arena, span_of(start->context.client));
    exchange->context.peer = arena_copy(arena, span_of(start->context.peer));
    exchange->ops = ops;
    exchange->arg = arg;
    exchange->state = arena_alloc(arena, start->mechanism->state_size);
    evtimer_assign(&exchange->lifetime, loop_base(core->loop), sasl_exchange_expired, exchange);
    sasl_exchange_run(exchange, &in);
    return exchange;
}

bool sasl_exchange_step(struct sasl_exchange *exchange, struct span response)
{
    struct authd_step_in in = {
        .kind = AUTHD_RESPONSE,
        .present = true,
        .bytes = bytes_of(response),
    };

    if (!exchange->awaiting) {
        return false;
    }
    exchange->awaiting = false;
    if (exchange->ended != NULL) {
        sasl_exchange_finish(exchange, exchange->ended);
    } else {
        sasl_exchange_run(exchange, &in);
    }
    return true;
}

bool sasl_exchange_awaits(const struct sasl_exchange *exchange)
{
    return exchange->awaiting;
}

void sasl_exchange_cancel(struct sasl_exchange *exchange, enum reason reason)
{
    if (exchange->login != NULL) {
        login_cancel(exchange->login, reason);
    } else if (exchange->ended == NULL) {
        sasl_exchange_record(exchange, reason);
    }
    sasl_exchange_free(exchange);
}
