/* The event loop: libevent, and what happens at the end of each turn.
 *
 * A turn handles every event that is ready, then runs what was deferred, phase by phase: send the
 * lookup batch, flush the database, one write per connection that has something to say. So work
 * that arrives together leaves together, and nothing is sent from the middle of a callback.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct loop;

enum loop_phase { LOOP_BATCH, LOOP_DATABASE, LOOP_WRITE, LOOP_PHASES };

/* Embedded in whoever defers; runs once per loop_defer(). */
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

void loop_run(struct loop *loop); /* until loop_stop() */
void loop_stop(struct loop *loop);

/* Runs the hook in `phase` of this turn; of the next one, which then does not wait for an event, if
 * that phase has begun. Does nothing if it is queued already. */
void loop_defer(struct loop *loop, enum loop_phase phase, struct loop_hook *hook);
void loop_undefer(struct loop *loop, struct loop_hook *hook); /* not queued is fine */

#endif
