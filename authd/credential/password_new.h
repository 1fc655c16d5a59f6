/* Turns a typed new password into a stored hash: first the rules, then the hash, both on the hash
 * lane. A password that breaks a rule is never hashed. */
#ifndef CREDENTIAL_PASSWORD_NEW_H
#define CREDENTIAL_PASSWORD_NEW_H

#include <jansson.h>

#include "base/span.h"

struct core;
struct password_new_call;

enum password_new_status {
    PASSWORD_NEW_FAILED = 0, /* no memory for hashing */
    PASSWORD_NEW_HASHED,     /* `stored` is the hash */
    PASSWORD_NEW_REFUSED,    /* `sentence` begins with "password" and says what to do */
    PASSWORD_NEW_LATE,       /* the deadline passed, or another job took the place */
    PASSWORD_NEW_BUSY,       /* the hash lane has no room */
};

struct password_new_result { /* valid during the callback only */
    enum password_new_status status;
    const char *stored;
    const char *sentence;
};

struct password_new_request {
    const json_t *names; /* names of the owner: see credential/password_strength_job.h */
    bool enrolled;       /* the owner has enrolled a second factor */
    struct span password;
    int64_t deadline; /* clock_ms() */
};

typedef void password_new_done_f(const struct password_new_result *result, void *arg);

/* Copies the request. `done` is called once, never from inside this call, and not after
 * password_new_cancel(). */
struct password_new_call *password_new_start(struct core *core,
                                             const struct password_new_request *request,
                                             password_new_done_f *done, void *arg);
void password_new_cancel(struct password_new_call *new);

/* Collects the members of an object that name its user: login, addresses, display_name,
 * recovery_address, words. The caller owns the list. */
json_t *password_new_names(const json_t *object);

#endif
