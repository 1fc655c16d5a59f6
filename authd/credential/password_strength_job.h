/* Checks a password against the site's rules, on the hash lane, because a check may take tens of
 * milliseconds. */
#ifndef CREDENTIAL_PASSWORD_STRENGTH_JOB_H
#define CREDENTIAL_PASSWORD_STRENGTH_JOB_H

#include <jansson.h>

#include "credential/password_strength.h"

struct core;
struct password_strength_job;

/* `strength` is NULL if the job was not run, because the deadline passed or another job took its
 * place. Valid during the callback only. */
typedef void password_strength_job_done_f(const struct password_strength *strength, void *arg);

/* The password to check and what is known of its owner. */
struct password_strength_job_request {
    /* Names of the owner: every text in this value, at any depth. May be NULL. */
    const json_t *names;
    bool enrolled; /* the owner has enrolled a second factor */
    struct span password;
    int64_t deadline; /* clock_ms() */
};
/* Copies the request. `done` is called once, never from inside this call, and not after
 * password_strength_job_cancel(). NULL: the lane has no room, and `done` is not called. */
struct password_strength_job *
password_strength_job_start(struct core *core, const struct password_strength_job_request *request,
                            password_strength_job_done_f *done, void *arg);
void password_strength_job_cancel(struct password_strength_job *call);

#endif
