/* See workers.h. One mutex guards the two lists of jobs. A job belongs to the loop before it is
 * submitted, to one worker while it runs, and to the loop again once it is taken from
 * `finished`. */
#include "loop/workers.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"

/* argon2 and crypt_r() take their memory from the heap; together with the dictionary checks they
 * need tens of KiB of stack. The usual 8 MiB for each thread would only count against limits of
 * address space. */
#define STACK_SIZE (1024 * 1024)

TAILQ_HEAD(job_list, job);

struct workers {
    struct workers_options options;
    pthread_t *threads;
    unsigned started;
    int wake; /* eventfd: signals that `finished` is not empty */
    struct event woken;

    pthread_mutex_t mutex; /* guards all members below */
    pthread_cond_t work;
    struct job_list queue; /* waiting jobs, by round, then in order of arrival */
    unsigned queued;
    uint64_t round; /* round of the job taken last */
    struct job_list finished;
    bool stopping;
};

/* The owner is the only member that the loop may change while a job is queued or running. */
static bool job_is_cancelled(const struct job *job)
{
    return !__atomic_load_n(&job->owner, __ATOMIC_RELAXED);
}

void job_cancel(struct job *job)
{
    __atomic_store_n(&job->owner, NULL, __ATOMIC_RELAXED);
}

/* ---- on a worker ------------------------------------------------------------------- */

static bool workers_have_nothing(const struct workers *workers)
{
    return TAILQ_EMPTY(&workers->queue) && !workers->stopping;
}

/* Waits for work, and calls `idle` if none came for `idle_ms`. Call with the mutex held. The mutex
 * is released during the callback. */
static void workers_idle(struct workers *workers)
{
    struct timespec until;
    int64_t at = clock_ms() + workers->options.idle_ms;
    int error = 0;

    until.tv_sec = (time_t)(at / 1000);
    until.tv_nsec = (long)(at % 1000) * 1000000;
    while (workers_have_nothing(workers) && error != ETIMEDOUT) {
        error = pthread_cond_clockwait(&workers->work, &workers->mutex, CLOCK_MONOTONIC, &until);
    }
    if (workers_have_nothing(workers)) {
        pthread_mutex_unlock(&workers->mutex);
        workers->options.idle(workers->options.idle_arg);
        pthread_mutex_lock(&workers->mutex);
    }
}

/* Returns the next job, or NULL when the lane stops. Call with the mutex held. */
static struct job *workers_take(struct workers *workers)
{
    while (workers_have_nothing(workers)) {
        pthread_cond_wait(&workers->work, &workers->mutex);
    }
    if (workers->stopping) {
        return NULL;
    }
    struct job *job = TAILQ_FIRST(&workers->queue);
    TAILQ_REMOVE(&workers->queue, job, link);
    workers->queued--;
    workers->round = job->round;
    return job;
}

/* Passes a finished job to the loop. Call with the mutex held. One wake-up serves all jobs that
 * finish before the loop handles that wake-up. */
static void workers_deliver(struct workers *workers, struct job *job)
{
    bool wake = TAILQ_EMPTY(&workers->finished);
    TAILQ_INSERT_TAIL(&workers->finished, job, link);
    if (wake) {
        eventfd_write(workers->wake, 1);
    }
}

static void job_run(struct job *job)
{
    job->expired = job_is_cancelled(job) || clock_ms() > job->deadline;
    if (!job->expired) {
        job->run(job);
    }
}

static void *worker_main(void *arg)
{
    struct workers *workers = arg;
    id_t self = (id_t)gettid(); /* on Linux each thread has its own niceness */
    int nice = getpriority(PRIO_PROCESS, self);
    setpriority(PRIO_PROCESS, self, nice + workers->options.nice);

    pthread_mutex_lock(&workers->mutex);
    struct job *job;
    while ((job = workers_take(workers))) {
        pthread_mutex_unlock(&workers->mutex);
        job_run(job);
        pthread_mutex_lock(&workers->mutex);
        workers_deliver(workers, job);
        if (workers->options.idle != NULL) {
            workers_idle(workers);
        }
    }
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

/* ---- on the loop ------------------------------------------------------------------- */

static void workers_woken(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct workers *workers = arg;
    struct job_list ready = TAILQ_HEAD_INITIALIZER(ready);
    eventfd_t count;
    eventfd_read(fd, &count);
    pthread_mutex_lock(&workers->mutex);
    TAILQ_CONCAT(&ready, &workers->finished, link);
    pthread_mutex_unlock(&workers->mutex);

    struct job *job;
    while ((job = TAILQ_FIRST(&ready))) {
        TAILQ_REMOVE(&ready, job, link);
        if (!job_is_cancelled(job)) {
            job->done(job, job->owner);
        }
        job->destroy(job);
    }
}

/* The threads inherit this mask: all signals go to the loop's thread, except the faults that a
 * thread causes itself. */
static void signals_block(sigset_t *old)
{
    sigset_t blocked;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    pthread_sigmask(SIG_SETMASK, &blocked, old);
}

/* Starts the threads. Returns 0 or an errno. */
static int workers_spawn(struct workers *workers)
{
    pthread_attr_t attributes;
    sigset_t old;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    signals_block(&old);
    int error = 0;
    while (!error && workers->started < workers->options.threads) {
        pthread_t *thread = &workers->threads[workers->started];
        error = pthread_create(thread, &attributes, worker_main, workers);
        if (!error) {
            char name[16]; /* the kernel's limit */
            snprintf(name, sizeof(name), "%.10s/%u", workers->options.name, workers->started++);
            pthread_setname_np(*thread, name);
        }
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

struct workers *workers_create(struct loop *loop, const struct workers_options *options)
{
    int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake < 0) {
        return NULL;
    }
    struct workers *workers = mem_new(struct workers);
    workers->options = *options;
    workers->threads = mem_calloc(options->threads, sizeof(pthread_t));
    workers->wake = wake;
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->work, NULL);
    TAILQ_INIT(&workers->queue);
    TAILQ_INIT(&workers->finished);
    event_assign(&workers->woken, loop_base(loop), wake, EV_READ | EV_PERSIST, workers_woken,
                 workers);
    event_add(&workers->woken, NULL);
    int error = workers_spawn(workers);
    if (error) {
        workers_destroy(workers);
        errno = error;
        return NULL;
    }
    return workers;
}

static void jobs_destroy(struct job_list *jobs)
{
    struct job *job;
    while ((job = TAILQ_FIRST(jobs))) {
        TAILQ_REMOVE(jobs, job, link);
        job->destroy(job);
    }
}

void workers_destroy(struct workers *workers)
{
    if (!workers) {
        return;
    }
    pthread_mutex_lock(&workers->mutex);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->mutex);
    for (unsigned i = 0; i < workers->started; i++) {
        pthread_join(workers->threads[i], NULL);
    }
    jobs_destroy(&workers->queue);
    jobs_destroy(&workers->finished);
    event_del(&workers->woken);
    close(workers->wake);
    pthread_cond_destroy(&workers->work);
    pthread_mutex_destroy(&workers->mutex);
    free(workers->threads);
    free(workers);
}

/* Each fair_key has one job in each round. A new job never joins the present round while other jobs
 * wait: otherwise the round would never end as long as new keys came, and a fair_key's second
 * job would never be run. */
static uint64_t round_of(const struct workers *workers, const struct job *job)
{
    const struct job *other;
    TAILQ_FOREACH_REVERSE(other, &workers->queue, job_list, link)
    {
        if (other->fair_key == job->fair_key) {
            return other->round + 1;
        }
    }
    return TAILQ_EMPTY(&workers->queue) ? workers->round : workers->round + 1;
}

static void queue_insert(struct workers *workers, struct job *job)
{
    struct job *before = TAILQ_LAST(&workers->queue, job_list);
    while (before != NULL && before->round > job->round) {
        before = TAILQ_PREV(before, job_list, link);
    }
    if (before != NULL) {
        TAILQ_INSERT_AFTER(&workers->queue, before, job, link);
    } else {
        TAILQ_INSERT_HEAD(&workers->queue, job, link);
    }
    workers->queued++;
}

/* The last waiting job gives up its place to a job of an earlier round. False: the last job is not
 * of a later round. */
static bool queue_evict_last(struct workers *workers, const struct job *job)
{
    struct job *last = TAILQ_LAST(&workers->queue, job_list);
    if (last == NULL || last->round <= job->round) {
        return false;
    }
    TAILQ_REMOVE(&workers->queue, last, link);
    workers->queued--;
    last->expired = true;
    workers_deliver(workers, last);
    return true;
}

bool workers_submit(struct workers *workers, struct job *job)
{
    pthread_mutex_lock(&workers->mutex);
    job->round = round_of(workers, job);
    bool room = workers->queued < workers->options.queue_limit || queue_evict_last(workers, job);
    if (room) {
        queue_insert(workers, job);
        pthread_cond_signal(&workers->work);
    }
    pthread_mutex_unlock(&workers->mutex);
    return room;
}
