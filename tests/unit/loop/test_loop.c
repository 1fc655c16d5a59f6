/* loop: the order of the phases, and hooks that defer and undefer each other. */
#include "until.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct fixture {
    struct loop *loop;
    char trace[64]; /* a letter per hook that ran, '.' per turn */
};

struct probe {
    struct loop_hook hook;
    struct fixture *fixture;
    char letter;
    struct probe *then;    /* the probe that this hook defers or undefers; NULL: none */
    enum loop_phase phase; /* for which `then` is deferred */
    bool undefers;         /* undefers `then` instead of deferring it */
};

static void trace(struct fixture *fixture, char letter)
{
    size_t length = strlen(fixture->trace);
    assert_true(length + 1 < sizeof(fixture->trace));
    fixture->trace[length] = letter;
}

static void probe_run(void *arg)
{
    struct probe *probe = arg;
    trace(probe->fixture, probe->letter);
    if (!probe->then) {
        return;
    }
    if (probe->undefers) {
        loop_undefer(probe->fixture->loop, &probe->then->hook);
    } else {
        loop_defer(probe->fixture->loop, probe->phase, &probe->then->hook);
    }
}

static struct probe probe_make(struct fixture *fixture, char letter)
{
    return (struct probe){.fixture = fixture, .letter = letter, .hook.run = probe_run};
}

static void defer(struct probe *probe, enum loop_phase phase)
{
    probe->hook.arg = probe;
    loop_defer(probe->fixture->loop, phase, &probe->hook);
}

/* An event that is ready in each turn; the last one stops the loop. */
static void turn_mark(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct fixture *fixture = arg;
    trace(fixture, '.');
    if (strlen(fixture->trace) >= 12 || strstr(fixture->trace, "...")) {
        loop_stop(fixture->loop);
    }
}

static void run_turns(struct fixture *fixture)
{
    struct event ready;
    int fd = eventfd(1, 0); /* never read */
    event_assign(&ready, loop_base(fixture->loop), fd, EV_READ | EV_PERSIST, turn_mark, fixture);
    event_add(&ready, NULL);
    loop_run(fixture->loop);
    event_del(&ready);
    close(fd);
}

static int setup(void **state)
{
    struct fixture *fixture = mem_new(struct fixture);
    fixture->loop = loop_create();
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    loop_destroy(fixture->loop);
    free(fixture);
    return 0;
}

static void test_phases_run_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct probe write = probe_make(fixture, 'w');
    struct probe database = probe_make(fixture, 'd');
    struct probe batch = probe_make(fixture, 'b');
    struct probe batch2 = probe_make(fixture, 'B');
    defer(&write, LOOP_WRITE);
    defer(&database, LOOP_DATABASE);
    defer(&batch, LOOP_BATCH);
    defer(&batch2, LOOP_BATCH);
    run_turns(fixture);
    assert_non_null(strstr(fixture->trace, "bBdw"));
    assert_null(strchr(strchr(fixture->trace, 'w') + 1, 'w'));
}

static void test_deferred_twice_runs_once_in_the_first_phase(void **state)
{
    struct fixture *fixture = *state;
    struct probe probe = probe_make(fixture, 'p');
    struct probe database = probe_make(fixture, 'd');
    defer(&probe, LOOP_BATCH);
    defer(&database, LOOP_DATABASE);
    defer(&probe, LOOP_WRITE);
    run_turns(fixture);
    assert_non_null(strstr(fixture->trace, "pd"));
    assert_null(strchr(strchr(fixture->trace, 'p') + 1, 'p'));
}

static void test_a_later_phase_is_the_same_turn(void **state)
{
    struct fixture *fixture = *state;
    struct probe write = probe_make(fixture, 'w');
    struct probe batch = probe_make(fixture, 'b');
    write.hook.arg = &write;
    batch.then = &write;
    batch.phase = LOOP_WRITE;
    defer(&batch, LOOP_BATCH);
    run_turns(fixture);
    assert_non_null(strstr(fixture->trace, "bw"));
}

static void test_an_earlier_phase_is_the_next_turn(void **state)
{
    struct fixture *fixture = *state;
    struct probe batch = probe_make(fixture, 'b');
    struct probe write = probe_make(fixture, 'w');
    batch.hook.arg = &batch;
    write.then = &batch;
    write.phase = LOOP_BATCH;
    defer(&write, LOOP_WRITE);
    run_turns(fixture);
    assert_non_null(strstr(fixture->trace, "w.b"));
}

static void test_the_running_phase_is_the_next_turn(void **state)
{
    struct fixture *fixture = *state;
    struct probe self = probe_make(fixture, 's');
    self.then = &self;
    self.phase = LOOP_WRITE;
    defer(&self, LOOP_WRITE);
    run_turns(fixture); /* returns although the hook always defers itself: events get their turn */
    loop_undefer(fixture->loop, &self.hook);
    assert_non_null(strstr(fixture->trace, "s.s"));
    assert_null(strstr(fixture->trace, "ss"));
}

/* Without events, a loop that waits never returns: with a deferred hook it must not wait. */
static void stop_hook(void *arg)
{
    loop_stop(arg);
}

static void again_hook(void *arg)
{
    struct probe *stop = arg;
    loop_defer(stop->fixture->loop, LOOP_BATCH, &stop->hook);
}

static void test_a_queued_hook_does_not_wait_for_an_event(void **state)
{
    struct fixture *fixture = *state;
    struct probe stop = probe_make(fixture, 'x');
    stop.hook = (struct loop_hook){.run = stop_hook, .arg = fixture->loop};
    struct loop_hook again = {.run = again_hook, .arg = &stop};
    loop_defer(fixture->loop, LOOP_WRITE, &again);
    loop_run(fixture->loop);
    assert_false(stop.hook.queued);
}

static void test_undefer_from_a_hook_of_the_same_phase(void **state)
{
    struct fixture *fixture = *state;
    struct probe first = probe_make(fixture, 'a');
    struct probe second = probe_make(fixture, 'b');
    struct probe third = probe_make(fixture, 'c');
    first.then = &second; /* the next one in the list */
    first.undefers = true;
    defer(&first, LOOP_DATABASE);
    defer(&second, LOOP_DATABASE);
    defer(&third, LOOP_DATABASE);
    run_turns(fixture);
    assert_non_null(strstr(fixture->trace, "ac"));
    assert_null(strchr(fixture->trace, 'b'));
}

static void test_undefer_the_last_and_what_is_not_queued(void **state)
{
    struct fixture *fixture = *state;
    struct probe first = probe_make(fixture, 'a');
    struct probe last = probe_make(fixture, 'b');
    first.then = &last;
    first.undefers = true;
    defer(&first, LOOP_WRITE);
    defer(&last, LOOP_WRITE);
    loop_undefer(fixture->loop, &last.hook);
    loop_undefer(fixture->loop, &last.hook);
    run_turns(fixture);
    assert_non_null(strchr(fixture->trace, 'a'));
    assert_null(strchr(fixture->trace, 'b'));
}

static void free_hook(void *arg)
{
    struct probe *probe = arg;
    trace(probe->fixture, 'f');
    free(probe);
}

static void test_a_hook_may_free_itself(void **state)
{
    struct fixture *fixture = *state;
    struct probe *probe = mem_new(struct probe);
    *probe = probe_make(fixture, 'f');
    probe->hook.run = free_hook;
    defer(probe, LOOP_WRITE);
    run_turns(fixture);
    assert_non_null(strchr(fixture->trace, 'f'));
}

static void test_a_stopped_loop_runs_again(void **state)
{
    struct fixture *fixture = *state;
    loop_stop(fixture->loop);
    loop_run(fixture->loop);
    run_turns(fixture);
    assert_non_null(strstr(fixture->trace, "..."));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_phases_run_in_order),
        TEST(test_deferred_twice_runs_once_in_the_first_phase),
        TEST(test_a_later_phase_is_the_same_turn),
        TEST(test_an_earlier_phase_is_the_next_turn),
        TEST(test_the_running_phase_is_the_next_turn),
        TEST(test_a_queued_hook_does_not_wait_for_an_event),
        TEST(test_undefer_from_a_hook_of_the_same_phase),
        TEST(test_undefer_the_last_and_what_is_not_queued),
        TEST(test_a_hook_may_free_itself),
        TEST(test_a_stopped_loop_runs_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
