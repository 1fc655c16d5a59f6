/* See loop.h. */
#include "loop/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/mem.h"

TAILQ_HEAD(hook_list, loop_hook);

struct loop {
    struct event_base *base;
    bool stopping;
    struct hook_list hooks[LOOP_PHASES];
    struct loop_hook end; /* marks the end of this turn's hooks in the running phase's list */
};

struct loop *loop_create(void)
{
    struct loop *loop = mem_new(struct loop);
    loop->base = event_base_new();
    if (!loop->base) {
        abort(); /* no memory or no descriptors at start: the process cannot run */
    }
    for (int phase = 0; phase < LOOP_PHASES; phase++) {
        TAILQ_INIT(&loop->hooks[phase]);
    }
    return loop;
}

void loop_destroy(struct loop *loop)
{
    if (!loop) {
        return;
    }
    event_base_free(loop->base);
    free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

void loop_defer(struct loop *loop, enum loop_phase phase, struct loop_hook *hook)
{
    if (hook->queued) {
        return;
    }
    hook->queued = true;
    hook->phase = phase;
    TAILQ_INSERT_TAIL(&loop->hooks[phase], hook, link);
}

void loop_undefer(struct loop *loop, struct loop_hook *hook)
{
    if (!hook->queued) {
        return;
    }
    hook->queued = false;
    TAILQ_REMOVE(&loop->hooks[hook->phase], hook, link);
}

/* Runs the hooks deferred until now. A hook that they defer for the same phase waits for the next
 * turn, so that no hook can keep the loop from its events. A hook leaves the list before it runs:
 * the hook may free itself, defer itself again, and undefer any other hook. */
static void phase_run(struct loop *loop, enum loop_phase phase)
{
    struct hook_list *hooks = &loop->hooks[phase];
    if (TAILQ_EMPTY(hooks)) {
        return;
    }
    loop_defer(loop, phase, &loop->end);
    for (;;) {
        struct loop_hook *hook = TAILQ_FIRST(hooks);
        loop_undefer(loop, hook);
        if (hook == &loop->end) {
            return;
        }
        hook->run(hook->arg);
    }
}

static bool loop_has_hooks(const struct loop *loop)
{
    for (int phase = 0; phase < LOOP_PHASES; phase++) {
        if (!TAILQ_EMPTY(&loop->hooks[phase])) {
            return true;
        }
    }
    return false;
}

void loop_run(struct loop *loop)
{
    while (!loop->stopping) {
        /* Without EVLOOP_ONCE, EVLOOP_NONBLOCK continues for as long as any event is ready. */
        int wait = EVLOOP_ONCE | (loop_has_hooks(loop) ? EVLOOP_NONBLOCK : 0);
        if (event_base_loop(loop->base, wait | EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
            abort(); /* waiting itself failed: the process can serve no client any more */
        }
        for (int phase = 0; phase < LOOP_PHASES; phase++) {
            phase_run(loop, (enum loop_phase)phase);
        }
    }
    loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}
