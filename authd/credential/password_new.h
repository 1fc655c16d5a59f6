/* Turns a typed new password into a stored hash: first the rules, then the hash, both on the hash
 * lane. A password that breaks a rule is never hashed. */
#ifndef CREDENTIAL_PASSWORD_NEW_H
#define CREDENTIAL_PASSWORD_NEW_H

#include <jansson.h>

#include "base/span.h"

struct core;
struct new_password;

enum new_password_status {
    NEW_PASSWORD_FAILED = 0, /* no memory for hashing */
    NEW_PASSWORD_HASHED,     /* `stored` is the hash */
    NEW_PASSWORD_REFUSED,    /* `sentence` begins with "password" and says what to do */
    NEW_PASSWORD_LATE,       /* the deadline passed, or another job took the place */
    NEW_PASSWORD_BUSY,       /* the hash lane has no room */
};

struct new_password_result { /* valid during the callback only */
    enum new_password_status status;
    const char *stored;
    const char *sentence;
};

struct new_password_request {
    const json_t *names; /* names of the owner: see credential/password_strength.h */
    bool enrolled;       /* the owner has enrolled a second factor */
    struct span password;
    int64_t deadline; /* clock_ms() */
};

typedef void new_password_done_f(const struct new_password_result *result, void *arg);

/* Copies the request. `done` is called once, never from inside this call, and not after
 * new_password_cancel(). */
struct new_password *new_password_start(struct core *core,
                                        const struct new_password_request *request,
                                        new_password_done_f *done, void *arg);
void new_password_cancel(struct new_password *new);

/* Collects the members of an object that name its user: login, addresses, display_name,
 * recovery_address, words. The caller owns the list. */
json_t *new_password_names(const json_t *object);

#endif
