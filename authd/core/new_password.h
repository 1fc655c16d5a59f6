/* A new password, from what was typed to what may be stored: the rules, then the hash, both on the
 * hash lane. A password that breaks a rule is never hashed. */
#ifndef CORE_NEW_PASSWORD_H
#define CORE_NEW_PASSWORD_H

#include <jansson.h>

#include "base/span.h"

struct core;
struct new_password;

enum new_password_status {
    NEW_PASSWORD_FAILED = 0, /* no memory to hash it */
    NEW_PASSWORD_HASHED,     /* `stored` */
    NEW_PASSWORD_REFUSED,    /* `sentence`: begins with "password", says what to do */
    NEW_PASSWORD_LATE,       /* its turn did not come before the deadline */
    NEW_PASSWORD_BUSY,       /* the hash lane has no room */
};

struct new_password_result { /* valid during the callback */
    enum new_password_status status;
    const char *stored;
    const char *sentence;
};

struct new_password_request {
    const json_t *names; /* what is known of the owner, as core/judging.h has it */
    bool enrolled;
    struct span password;
    int64_t deadline; /* clock_ms() */
};

typedef void new_password_done_f(const struct new_password_result *result, void *arg);

/* Copies what it needs. `done` is called once, never from inside this call, unless cancelled. */
struct new_password *new_password_start(struct core *core,
                                        const struct new_password_request *request,
                                        new_password_done_f *done, void *arg);
void new_password_cancel(struct new_password *new);

/* The members of an object that name its user: login, addresses, display_name, recovery_address;
 * and "words". The caller owns the list. */
json_t *new_password_names(const json_t *object);

#endif
