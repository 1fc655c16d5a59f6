/* A lane of worker threads with a bounded queue, for work that would block the loop.
 *
 * The queue is fair between clients: jobs take turns, one of each fair_key in a round. When the
 * queue is full, a job of an earlier round takes the place of the last job. So a client with many
 * jobs waits longer, and other clients do not.
 *
 * A job owns copies of all that it needs and touches nothing else, so there is no lock outside this
 * file. Cancelling detaches the owner: a running job runs to its end, a waiting job is not run. In
 * both cases `done` is not called, and the job is destroyed as usual. Completions are called on the
 * loop, all that are ready in one event. */
#ifndef LOOP_WORKERS_H
#define LOOP_WORKERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct loop;
struct workers;

/* A unit of work: the first member of a heap-allocated struct of the submitter. */
struct job {
    void (*run)(struct job *job);               /* called on a worker thread */
    void (*done)(struct job *job, void *owner); /* called on the loop, unless cancelled */
    void (*destroy)(struct job *job); /* called on the loop, always last: wipes and frees */
    void *owner;                      /* passed to `done`; NULL: cancelled */
    int64_t deadline;                 /* clock_ms() after which a job still waiting is not run */
    uint64_t fair_key;                /* a number that identifies the client the job is for */
    /* True: the job was not run, because its deadline passed, it was cancelled, or another job took
     * its place. */
    bool expired;
    uint64_t round;        // private to workers.c
    TAILQ_ENTRY(job) link; // workers::queue, then workers::finished
};

struct workers_options {
    const char *name;     /* name of the threads, at most 10 characters */
    unsigned threads;     /* number of threads, at least 1 */
    int nice;             /* added to the threads' niceness */
    unsigned queue_limit; /* maximum number of waiting jobs */
    /* Optional. Called once on a thread that has run jobs and then had none for `idle_ms`. */
    void (*idle)(void *arg);
    void *idle_arg;
    unsigned idle_ms;
};

/* `options->name` must outlive the workers. NULL: the system refuses threads or descriptors, see
 * errno. */
struct workers *workers_create(struct loop *loop, const struct workers_options *options);
/* Drops waiting jobs, waits for running jobs to end, and destroys all jobs without calling `done`.
 * Owners cancel their jobs before this. Must not be called from inside a completion. */
void workers_destroy(struct workers *workers);

/* Submits a job; the workers own it. False: the queue is full and all waiting jobs have their turn
 * no later than this one; the caller keeps the job. */
bool workers_submit(struct workers *workers, struct job *job);

/* Detaches the owner. Call from the loop only, and before `done` has been called. */
void job_cancel(struct job *job);

#endif
