/* workers: which jobs are run, completed and destroyed. To be run with ThreadSanitizer as well. */
#include "until.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/workers.h"

struct fixture {
    struct loop *loop;
    struct workers *workers;
    sem_t started; /* posted by a gated job when it begins */
    sem_t gate;    /* a gated job waits for it */
    atomic_int run;
    int done;
    int expired;
    int destroyed;
    int owners; /* sum of the owners that `done` got */
    int nice;
    bool blocked;
    char name[16];
    int order;           /* the sources of the jobs that ran, one digit each */
    struct task *victim; /* cancelled by the next completion */
};

struct task {
    struct job job;
    struct fixture *fixture;
    int input;
    int output;
};

static void task_run(struct job *job)
{
    struct task *task = (struct task *)job;
    task->output = task->input + 1;
    task->fixture->run++;
}

static void task_run_gated(struct job *job)
{
    struct fixture *fixture = ((struct task *)job)->fixture;
    sem_post(&fixture->started);
    while (sem_wait(&fixture->gate) < 0) {
    }
    task_run(job);
}

static void task_done(struct job *job, void *owner)
{
    struct task *task = (struct task *)job;
    struct fixture *fixture = task->fixture;
    fixture->done++;
    fixture->owners += *(int *)owner;
    fixture->expired += job->expired;
    assert_int_equal(task->output, job->expired ? 0 : task->input + 1);
    if (fixture->victim) {
        job_cancel(&fixture->victim->job);
        fixture->victim = NULL;
    }
}

static void task_destroy(struct job *job)
{
    ((struct task *)job)->fixture->destroyed++;
    free(job);
}

static int one = 1;

static struct task *task_make(struct fixture *fixture, int64_t deadline)
{
    struct task *task = mem_new(struct task);
    task->fixture = fixture;
    task->input = 41;
    task->job = (struct job){
        .run = task_run,
        .done = task_done,
        .destroy = task_destroy,
        .owner = &one,
        .deadline = deadline,
    };
    return task;
}

static struct task *submit(struct fixture *fixture)
{
    struct task *task = task_make(fixture, INT64_MAX);
    assert_true(workers_submit(fixture->workers, &task->job));
    return task;
}

/* Submits a job that keeps the only worker until the gate opens. */
static struct task *submit_gated(struct fixture *fixture)
{
    struct task *task = task_make(fixture, INT64_MAX);
    task->job.run = task_run_gated;
    assert_true(workers_submit(fixture->workers, &task->job));
    while (sem_wait(&fixture->started) < 0) {
    }
    return task;
}

struct expectation {
    struct fixture *fixture;
    int destroyed;
};

static bool destroyed_as_many(void *arg)
{
    struct expectation *expected = arg;
    return expected->fixture->destroyed >= expected->destroyed;
}

static void wait_destroyed(struct fixture *fixture, int count)
{
    struct expectation expected = {fixture, count};
    loop_run_until(fixture->loop, destroyed_as_many, &expected);
}

static struct fixture *fixture_make(unsigned threads, unsigned limit)
{
    struct fixture *fixture = mem_new(struct fixture);
    fixture->loop = loop_create();
    fixture->workers = workers_create(
        fixture->loop,
        &(struct workers_options){
            .name = "test-lane", .threads = threads, .nice = 5, .queue_limit = limit});
    assert_non_null(fixture->workers);
    sem_init(&fixture->started, 0, 0);
    sem_init(&fixture->gate, 0, 0);
    return fixture;
}

static void fixture_free(struct fixture *fixture)
{
    workers_destroy(fixture->workers);
    loop_destroy(fixture->loop);
    sem_destroy(&fixture->started);
    sem_destroy(&fixture->gate);
    free(fixture);
}

static void test_a_job_is_run_completed_and_destroyed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 4);
    submit(fixture);
    wait_destroyed(fixture, 1);
    assert_int_equal(fixture->run, 1);
    assert_int_equal(fixture->done, 1);
    assert_int_equal(fixture->owners, 1);
    assert_int_equal(fixture->expired, 0);
    fixture_free(fixture);
}

static void test_many_jobs_on_several_threads(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4, 5000);
    for (int i = 0; i < 5000; i++) {
        submit(fixture);
    }
    wait_destroyed(fixture, 5000);
    assert_int_equal(fixture->run, 5000);
    assert_int_equal(fixture->done, 5000);
    fixture_free(fixture);
}

static void test_a_full_queue_refuses(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 2);
    submit_gated(fixture); /* runs at once, and takes no place in the queue */
    submit(fixture);
    submit(fixture);
    struct task *refused = task_make(fixture, INT64_MAX);
    assert_false(workers_submit(fixture->workers, &refused->job));
    free(refused); /* a refused job belongs to the caller */
    sem_post(&fixture->gate);
    wait_destroyed(fixture, 3);
    assert_int_equal(fixture->done, 3);
    submit(fixture); /* the queue has room again */
    wait_destroyed(fixture, 4);
    fixture_free(fixture);
}

static void test_cancelled_while_waiting_is_not_run(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 2);
    submit_gated(fixture);
    job_cancel(&submit(fixture)->job);
    submit(fixture);
    sem_post(&fixture->gate);
    wait_destroyed(fixture, 3);
    assert_int_equal(fixture->run, 2);
    assert_int_equal(fixture->done, 2);
    fixture_free(fixture);
}

static void test_cancelled_while_running_is_not_completed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 2);
    job_cancel(&submit_gated(fixture)->job);
    sem_post(&fixture->gate);
    wait_destroyed(fixture, 1);
    assert_int_equal(fixture->run, 1);
    assert_int_equal(fixture->done, 0);
    fixture_free(fixture);
}

static void test_cancelled_by_another_completion(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 3);
    submit(fixture);
    fixture->victim = submit(fixture);
    while (fixture->run < 2) { /* one batch or two: the result is the same */
        usleep(100);
    }
    wait_destroyed(fixture, 2);
    assert_int_equal(fixture->done, 1);
    fixture_free(fixture);
}

static void test_an_expired_job_is_completed_without_running(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 2);
    submit_gated(fixture);
    struct task *late = task_make(fixture, clock_ms() - 1);
    assert_true(workers_submit(fixture->workers, &late->job));
    sem_post(&fixture->gate);
    wait_destroyed(fixture, 2);
    assert_int_equal(fixture->run, 1);
    assert_int_equal(fixture->done, 2);
    assert_int_equal(fixture->expired, 1);
    fixture_free(fixture);
}

static void *open_gate(void *arg)
{
    struct fixture *fixture = arg;
    usleep(20 * 1000); /* usually workers_destroy() waits by then; both orders are right */
    sem_post(&fixture->gate);
    return NULL;
}

static void test_destroy_with_work_in_every_state(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 10);
    submit(fixture); /* finished, but not delivered */
    submit_gated(fixture);
    for (int i = 0; i < 10; i++) {
        submit(fixture);
    }
    pthread_t opener;
    assert_int_equal(pthread_create(&opener, NULL, open_gate, fixture), 0);
    workers_destroy(fixture->workers);
    fixture->workers = NULL;
    pthread_join(opener, NULL);
    assert_int_equal(fixture->destroyed, 12);
    assert_int_equal(fixture->done, 0);
    assert_in_range(fixture->run, 2, 12);
    fixture_free(fixture);
}

static void inspect_run(struct job *job)
{
    struct fixture *fixture = ((struct task *)job)->fixture;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    fixture->blocked = sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGSEGV);
    fixture->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    while (fixture->name[0] == '\0' || fixture->name[4] != '-') { /* its creator sets it */
        pthread_getname_np(pthread_self(), fixture->name, sizeof(fixture->name));
    }
    task_run(job);
}

static void test_threads_are_nice_named_and_leave_signals_alone(void **state)
{
    (void)state;
    int before = getpriority(PRIO_PROCESS, 0);
    struct fixture *fixture = fixture_make(1, 1);
    struct task *task = task_make(fixture, INT64_MAX);
    task->job.run = inspect_run;
    assert_true(workers_submit(fixture->workers, &task->job));
    wait_destroyed(fixture, 1);
    assert_true(fixture->blocked);
    assert_int_equal(fixture->nice, before + 5 > 19 ? 19 : before + 5);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
    assert_string_equal(fixture->name, "test-lane/0");
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_false(sigismember(&mask, SIGTERM));
    fixture_free(fixture);
}

static void task_note_order(struct job *job)
{
    struct task *task = (struct task *)job;
    task_run(job);
    task->fixture->order = task->fixture->order * 10 + (int)job->fair_key;
}

static bool submit_from(struct fixture *fixture, uint64_t fair_key)
{
    struct task *task = task_make(fixture, INT64_MAX);
    task->job.run = task_note_order;
    task->job.fair_key = fair_key;
    if (workers_submit(fixture->workers, &task->job)) {
        return true;
    }
    free(task);
    return false;
}

static void test_sources_take_turns(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 8);
    submit_gated(fixture);
    for (int i = 0; i < 4; i++) {
        assert_true(submit_from(fixture, 1));
    }
    assert_true(submit_from(fixture, 2));
    assert_true(submit_from(fixture, 2));
    assert_true(submit_from(fixture, 3));
    sem_post(&fixture->gate);
    wait_destroyed(fixture, 8);
    assert_int_equal(fixture->order, 1123121);
    fixture_free(fixture);
}

/* The second job of a waiting fair_key has its turn, however many new sources come. */
static void test_newcomers_do_not_hold_up_a_round(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 8);
    submit_gated(fixture);
    assert_true(submit_from(fixture, 1));
    assert_true(submit_from(fixture, 1));
    for (uint64_t newcomer = 2; newcomer <= 5; newcomer++) {
        assert_true(submit_from(fixture, newcomer));
    }
    sem_post(&fixture->gate);
    wait_destroyed(fixture, 7);
    assert_int_equal(fixture->order, 112345);
    fixture_free(fixture);
}

/* A fair_key with many jobs in a full queue loses its last job to a fair_key with fewer jobs; a
 * fair_key with as many jobs as the others is refused. */
static void test_a_full_queue_has_room_for_who_sends_less(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 3);
    submit_gated(fixture);
    for (int i = 0; i < 3; i++) {
        assert_true(submit_from(fixture, 1));
    }
    assert_false(submit_from(fixture, 1));
    assert_true(submit_from(fixture, 2));
    assert_false(submit_from(fixture, 3)); /* would be as late as the last job of the others */
    sem_post(&fixture->gate);
    wait_destroyed(fixture, 5);
    assert_int_equal(fixture->order, 112);
    assert_int_equal(fixture->expired, 1); /* the last job of fair_key 1 */
    assert_int_equal(fixture->done, 5);
    fixture_free(fixture);
}

static void note_idle(void *arg)
{
    sem_post(arg);
}

/* An idle thread calls `idle` once after each busy time. */
static void test_an_idle_thread_says_so_once(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1, 4);
    sem_t idle;
    sem_init(&idle, 0, 0);
    workers_destroy(fixture->workers);
    fixture->workers = workers_create(fixture->loop, &(struct workers_options){.name = "idle",
                                                                               .threads = 1,
                                                                               .queue_limit = 4,
                                                                               .idle = note_idle,
                                                                               .idle_arg = &idle,
                                                                               .idle_ms = 20});
    for (int busy = 1; busy <= 2; busy++) {
        submit(fixture);
        wait_destroyed(fixture, busy);
        while (sem_wait(&idle) < 0) {
        }
    }
    usleep(100 * 1000); /* five times the idle time: enough for a wrong second call */
    assert_int_equal(sem_trywait(&idle), -1);
    fixture_free(fixture);
    sem_destroy(&idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_job_is_run_completed_and_destroyed),
        cmocka_unit_test(test_many_jobs_on_several_threads),
        cmocka_unit_test(test_a_full_queue_refuses),
        cmocka_unit_test(test_cancelled_while_waiting_is_not_run),
        cmocka_unit_test(test_cancelled_while_running_is_not_completed),
        cmocka_unit_test(test_cancelled_by_another_completion),
        cmocka_unit_test(test_an_expired_job_is_completed_without_running),
        cmocka_unit_test(test_destroy_with_work_in_every_state),
        cmocka_unit_test(test_threads_are_nice_named_and_leave_signals_alone),
        cmocka_unit_test(test_sources_take_turns),
        cmocka_unit_test(test_newcomers_do_not_hold_up_a_round),
        cmocka_unit_test(test_a_full_queue_has_room_for_who_sends_less),
        cmocka_unit_test(test_an_idle_thread_says_so_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
