#include "login/sasl.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "core/core.h"
#include "login/login_record.h"
#include "loop/loop.h"

struct dialogue {
    struct core *core;
    struct arena *arena; // holds the dialogue itself and the mechanism's state
    const struct authd_mechanism *mechanism;
    struct login_context context;
    const struct dialogue_ops *ops;
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

static void dialogue_free(struct dialogue *dialogue)
{
    if (dialogue->mechanism->wipe != NULL) {
        dialogue->mechanism->wipe(dialogue->state);
    }
    evtimer_del(&dialogue->lifetime);
    arena_destroy(dialogue->arena);
}

static void dialogue_finish(struct dialogue *dialogue, const struct login_result *result)
{
    dialogue->ops->finished(dialogue->arg, result);
    dialogue_free(dialogue);
}

/* The exchange ends before there was a claim to decide on. */
static void dialogue_record(const struct dialogue *dialogue, enum reason reason)
{
    login_record_write(&(struct login_record){
        .core = dialogue->core,
        .outcome = login_record_undecided(reason),
        .reason = reason,
        .context = &dialogue->context,
        .ms = clock_ms() - dialogue->began,
    });
}

static void dialogue_expired(evutil_socket_t fd, short what, void *arg)
{
    struct dialogue *dialogue = arg;

    (void)fd;
    (void)what;
    if (dialogue->login != NULL) {
        return; // the login has a deadline of its own
    }
    if (dialogue->ended == NULL) {
        dialogue_record(dialogue, REASON_ABANDONED);
    }
    dialogue->ops->expired(dialogue->arg);
    dialogue_free(dialogue);
}

static void dialogue_challenge(struct dialogue *dialogue, struct authd_bytes challenge)
{
    const struct timeval lifetime = {.tv_sec = DIALOGUE_LIFETIME_MS / 1000};

    dialogue->awaiting = true;
    if (!evtimer_pending(&dialogue->lifetime,
                         NULL)) { // from the first challenge on, never extended
        evtimer_add(&dialogue->lifetime, &lifetime);
    }
    dialogue->ops->challenge(dialogue->arg, span_of_bytes(challenge));
}

static char *copy_or_null(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, span_of(text));
}

/* The core has decided. The mechanism may send a last challenge, which changes nothing. */
static void dialogue_decided(const struct login_result *result, void *arg)
{
    struct dialogue *dialogue = arg;
    struct authd_step_out out = {0};

    dialogue->login = NULL;
    if (dialogue->mechanism->conclude != NULL && result->outcome != OUTCOME_TEMPFAIL) {
        dialogue->mechanism->conclude(dialogue->state, result->outcome == OUTCOME_ALLOW, &out);
    }
    if (out.kind != AUTHD_CHALLENGE || out.challenge.len > AUTHD_CHALLENGE_MAX) {
        dialogue_finish(dialogue, result);
        return;
    }
    dialogue->ended = arena_new(dialogue->arena, struct login_result);
    *dialogue->ended = *result;
    dialogue->ended->identity = copy_or_null(dialogue->arena, result->identity);
    dialogue->ended->user = copy_or_null(dialogue->arena, result->user);
    dialogue->ended->reference = copy_or_null(dialogue->arena, result->reference);
    dialogue_challenge(dialogue, out.challenge);
}

static void dialogue_refuse(struct dialogue *dialogue, const char *why)
{
    dialogue->login =
        login_refuse(dialogue->core, why, &dialogue->context, dialogue_decided, dialogue);
}

static void dialogue_run(struct dialogue *dialogue, const struct authd_step_in *in)
{
    struct authd_step_out out = {0};

    if (in->bytes.len > AUTHD_RESPONSE_MAX) {
        dialogue_refuse(dialogue, "response is too long");
        return;
    }
    dialogue->mechanism->step(dialogue->state, in, &out);
    switch (out.kind) {
    case AUTHD_CHALLENGE:
        if (out.challenge.len > AUTHD_CHALLENGE_MAX) {
            dialogue_refuse(dialogue, "challenge is too long");
        } else {
            dialogue_challenge(dialogue, out.challenge);
        }
        return;
    case AUTHD_CLAIM: {
        struct claim claim = {
            .authcid = span_of_bytes(out.claim.authcid),
            .authzid = span_of_bytes(out.claim.authzid),
            .secret = span_of_bytes(out.claim.secret),
        };

        if (out.claim.kind == AUTHD_CLAIM_PASSWORD) {
            dialogue->login =
                login_begin(dialogue->core, &claim, &dialogue->context, dialogue_decided, dialogue);
            return;
        }
        dialogue_refuse(dialogue, "this kind of claim is not served");
        return;
    }
    case AUTHD_WANT_MATERIAL:
        dialogue_refuse(dialogue, "no verifier of this kind is stored");
        return;
    case AUTHD_REFUSE:
        break;
    }
    dialogue_refuse(dialogue, out.why != NULL ? out.why : "refused by the mechanism");
}

struct dialogue *dialogue_create(struct core *core, const struct dialogue_start *start,
                                 const struct dialogue_ops *ops, void *arg)
{
    struct arena *arena = arena_create();
    struct dialogue *dialogue = arena_new(arena, struct dialogue);
    struct authd_step_in in = {
        .kind = AUTHD_RESPONSE,
        .present = start->has_response,
        .bytes = bytes_of(start->response),
    };

    dialogue->core = core;
    dialogue->began = clock_ms();
    dialogue->arena = arena;
    dialogue->mechanism = start->mechanism;
    dialogue->context = start->context;
    dialogue->context.service = arena_copy(arena, span_of(start->context.service));
    dialogue->context.client = arena_copy(arena, span_of(start->context.client));
    dialogue->context.peer = arena_copy(arena, span_of(start->context.peer));
    dialogue->ops = ops;
    dialogue->arg = arg;
    dialogue->state = arena_alloc(arena, start->mechanism->state_size);
    evtimer_assign(&dialogue->lifetime, loop_base(core->loop), dialogue_expired, dialogue);
    dialogue_run(dialogue, &in);
    return dialogue;
}

bool dialogue_step(struct dialogue *dialogue, struct span response)
{
    struct authd_step_in in = {
        .kind = AUTHD_RESPONSE,
        .present = true,
        .bytes = bytes_of(response),
    };

    if (!dialogue->awaiting) {
        return false;
    }
    dialogue->awaiting = false;
    if (dialogue->ended != NULL) {
        dialogue_finish(dialogue, dialogue->ended);
    } else {
        dialogue_run(dialogue, &in);
    }
    return true;
}

bool dialogue_awaits(const struct dialogue *dialogue)
{
    return dialogue->awaiting;
}

void dialogue_cancel(struct dialogue *dialogue, enum reason reason)
{
    if (dialogue->login != NULL) {
        login_cancel(dialogue->login, reason);
    } else if (dialogue->ended == NULL) {
        dialogue_record(dialogue, reason);
    }
    dialogue_free(dialogue);
}
