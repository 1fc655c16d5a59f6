/* The event loop: libevent, and the phases at the end of each turn.
 *
 * A turn handles every event that is ready, then runs the deferred hooks, phase by phase: send the
 * lookup batch, flush the database, one write per connection that has output. So work that arrives
 * together leaves together, and no callback sends anything itself. */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct loop;

/* In the order in which they run. */
enum loop_phase { LOOP_BATCH, LOOP_DATABASE, LOOP_WRITE, LOOP_PHASES };

/* A deferred call, embedded in the struct that defers. Runs once for each loop_defer(). */
struct loop_hook {
    void (*run)(void *arg);
    void *arg;
    bool queued;
    enum loop_phase phase;
    TAILQ_ENTRY(loop_hook) link; // loop::hooks[phase]
};

struct loop *loop_create(void);
void loop_destroy(struct loop *loop);
struct event_base *loop_base(struct loop *loop);

void loop_run(struct loop *loop); /* returns after loop_stop() */
void loop_stop(struct loop *loop);

/* Runs the hook in `phase` of this turn. If that phase has begun, the hook runs in the next turn,
 * which then starts without waiting for an event. Does nothing if the hook is already queued. */
void loop_defer(struct loop *loop, enum loop_phase phase, struct loop_hook *hook);
/* Takes the hook out of its queue; a hook that is not queued is allowed. */
void loop_undefer(struct loop *loop, struct loop_hook *hook);

#endif
