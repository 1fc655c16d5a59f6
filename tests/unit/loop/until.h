/* Turns the loop until something has happened; fails the test when it never does. */
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

#define UNTIL_TRIES 20000 /* of at least a millisecond: only a hang gets there */

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

/* Turns that do not wait: for what is ready, and for what must not happen. */
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
