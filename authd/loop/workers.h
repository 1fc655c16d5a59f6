/* A lane of worker threads with a bounded queue, for work that would hold up the loop.
 *
 * The queue is fair between sources: their jobs take turns, one of each source in a round, and
 * when it is full, a job of an earlier round takes the place of the last. So whoever sends much
 * waits for himself, and nobody else does.
 *
 * A job owns copies of all that it needs and touches nothing else, so there is no lock outside this
 * file. Cancelling detaches the owner: a job that runs runs out, one that waits is not run; its
 * completion is not called, and it frees itself. Completions are delivered on the loop, all that
 * are ready at once.
 */
#ifndef LOOP_WORKERS_H
#define LOOP_WORKERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct loop;
struct workers;

/* The head of a heap-allocated struct of the submitter's. */
struct job {
    void (*run)(struct job *job);               /* on a worker */
    void (*done)(struct job *job, void *owner); /* on the loop, unless cancelled */
    void (*destroy)(struct job *job);           /* on the loop, always last: wipe and free */
    void *owner;                                /* NULL is: cancelled */
    int64_t deadline;      /* clock_ms() after which a job still waiting is not run */
    uint64_t source;       /* on whose behalf: the same number for the same */
    bool expired;          /* it was not run: its deadline passed, or it gave up its place */
    uint64_t round;        // private to workers.c
    TAILQ_ENTRY(job) link; // workers::queue, then workers::finished
};

struct workers_options {
    const char *name;     /* of the threads, at most 10 characters */
    unsigned threads;     /* at least 1 */
    int nice;             /* added to the threads' niceness */
    unsigned queue_limit; /* jobs waiting, at most */
    /* Optional: called on a thread that has run jobs and then had none for `idle_ms`, once. */
    void (*idle)(void *arg);
    void *idle_arg;
    unsigned idle_ms;
};

/* `name` must outlive it. NULL: the system refuses threads or descriptors; see errno. */
struct workers *workers_create(struct loop *loop, const struct workers_options *options);
/* Drops what waits, lets running jobs end, calls no completion, destroys all jobs. Owners cancel
 * before. Not from inside a completion. */
void workers_destroy(struct workers *workers);

/* False: the queue is full, of sources with no more jobs waiting than this one; the job was not
 * taken and is still the caller's. */
bool workers_submit(struct workers *workers, struct job *job);

/* Detaches the owner. Call from the loop only, before `done` has been called. */
void job_cancel(struct job *job);

#endif
