#include "credential/password_strength_job.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "crypto/password_scheme.h"
#include "loop/workers.h"

#define NAMES_MAX 64

struct password_strength_job {
    struct job job;
    const struct password_rules *rules; /* constant; outlive the lane */
    password_strength_job_done_f *done;
    void *arg;
    char *names[NAMES_MAX];
    size_t name_count;
    bool enrolled;
    struct password_strength strength;
    size_t password_length;
    /* One octet more than PASSWORD_MAX, so that the rules see that a password is too long. */
    char password[PASSWORD_MAX + 1];
};

static void call_run(struct job *job)
{
    struct password_strength_job *call = (struct password_strength_job *)job;
    const struct password_owner owner = {
        .names = (const char *const *)call->names,
        .count = call->name_count,
        .enrolled = call->enrolled,
    };

    call->strength = password_strength_of(call->rules, &owner,
                                          (struct span){call->password, call->password_length});
}

static void call_done(struct job *job, void *owner)
{
    struct password_strength_job *call = owner;

    call->done(job->expired ? NULL : &call->strength, call->arg);
}

static void call_destroy(struct job *job)
{
    struct password_strength_job *call = (struct password_strength_job *)job;

    for (size_t i = 0; i < call->name_count; i++) {
        free(call->names[i]);
    }
    secret_wipe(job, sizeof(struct password_strength_job));
    free(job);
}

static void take_names(struct password_strength_job *call, const json_t *value)
{
    const char *key;
    json_t *member;
    size_t index;

    if (json_is_string(value) && call->name_count < NAMES_MAX) {
        call->names[call->name_count++] = mem_strdup(json_string_value(value));
    }
    json_array_foreach(value, index, member)
    {
        take_names(call, member);
    }
    json_object_foreach((json_t *)value, key, member)
    {
        take_names(call, member);
    }
}

struct password_strength_job *
password_strength_job_start(struct core *core, const struct password_strength_job_request *request,
                            password_strength_job_done_f *done, void *arg)
{
    struct password_strength_job *call = mem_new(struct password_strength_job);
    size_t len = request->password.len;

    call->job = (struct job){
        .run = call_run,
        .done = call_done,
        .destroy = call_destroy,
        .owner = call,
        .deadline = request->deadline,
    };
    call->rules = core->site.password_rules;
    call->enrolled = request->enrolled;
    call->done = done;
    call->arg = arg;
    call->password_length = len < sizeof(call->password) ? len : sizeof(call->password);
    memcpy(call->password, request->password.ptr, call->password_length);
    take_names(call, request->names);
    if (!workers_submit(core->hashers, &call->job)) {
        call_destroy(&call->job);
        return NULL;
    }
    return call;
}

void password_strength_job_cancel(struct password_strength_job *call)
{
    job_cancel(&call->job);
}
