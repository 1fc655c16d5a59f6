/* Turns the loop until a condition holds; fails the test if that takes too long. */
#ifndef TESTS_UNIT_LOOP_UNTIL_H
#define TESTS_UNIT_LOOP_UNTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "loop/loop.h"

#define UNTIL_TRIES 20000 /* turns of at least a millisecond: only a hang needs so many */

struct until {
    struct loop *loop;
    bool (*holds)(void *arg);
    void *arg;
    int tries;
};

static inline void until_check(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct until *until = arg;
    if (until->holds(until->arg) || ++until->tries == UNTIL_TRIES) {
        loop_stop(until->loop);
    }
}

static inline void loop_run_until(struct loop *loop, bool (*holds)(void *arg), void *arg)
{
    static const struct timeval step = {.tv_usec = 1000};
    struct until until = {.loop = loop, .holds = holds, .arg = arg};
    struct event timer;
    event_assign(&timer, loop_base(loop), -1, EV_PERSIST, until_check, &until);
    event_add(&timer, &step);
    loop_run(loop);
    event_del(&timer);
    assert_true(holds(arg));
}

/* Turns that do not wait: they run what is ready, and show that nothing else happens. */
static inline void turn_end(void *arg)
{
    loop_stop(arg);
}

static inline void loop_turns(struct loop *loop, int count)
{
    for (int i = 0; i < count; i++) {
        struct loop_hook end = {.run = turn_end, .arg = loop};
        loop_defer(loop, LOOP_WRITE, &end);
        loop_run(loop);
    }
}

#endif
