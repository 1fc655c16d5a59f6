/* Judges a password by the site's rules, on the hash lane: it may take tens of milliseconds. */
#ifndef CORE_JUDGING_H
#define CORE_JUDGING_H

#include <jansson.h>

#include "core/password_rules.h"

struct core;
struct judging;

/* `judged` is NULL when its turn did not come before the deadline; valid during the callback. */
typedef void judging_done_f(const struct password_judgement *judged, void *arg);

/* Copies both. `names`: every text in it, at any depth, is what is known of the owner; may be NULL.
 * NULL: the lane has no room. Otherwise `done` is called later, once, unless cancelled. `deadline`
 * is in clock_ms(). */
struct judging_request {
    const json_t *names;
    bool enrolled; /* the owner has a second factor */
    struct span password;
    int64_t deadline;
};
struct judging *judging_start(struct core *core, const struct judging_request *request,
                              judging_done_f *done, void *arg);
void judging_cancel(struct judging *judging);

#endif
