#include "credential/password_strength.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "crypto/password.h"
#include "loop/workers.h"

#define NAMES_MAX 64

struct password_strength_call {
    struct job job;
    const struct password_rules *rules; /* constant; outlive the lane */
    password_strength_done_f *done;
    void *arg;
    char *names[NAMES_MAX];
    size_t name_count;
    bool enrolled;
    struct password_strength judged;
    size_t password_length;
    /* One octet more than PASSWORD_MAX, so that the rules see that a password is too long. */
    char password[PASSWORD_MAX + 1];
};

static void judging_run(struct job *job)
{
    struct password_strength_call *judging = (struct password_strength_call *)job;
    const struct password_owner owner = {
        .names = (const char *const *)judging->names,
        .count = judging->name_count,
        .enrolled = judging->enrolled,
    };

    judging->judged = password_strength_of(
        judging->rules, &owner, (struct span){judging->password, judging->password_length});
}

static void judging_done(struct job *job, void *owner)
{
    struct password_strength_call *judging = owner;

    judging->done(job->expired ? NULL : &judging->judged, judging->arg);
}

static void judging_destroy(struct job *job)
{
    struct password_strength_call *judging = (struct password_strength_call *)job;

    for (size_t i = 0; i < judging->name_count; i++) {
        free(judging->names[i]);
    }
    secret_wipe(job, sizeof(struct password_strength_call));
    free(job);
}

static void take_names(struct password_strength_call *judging, const json_t *value)
{
    const char *key;
    json_t *member;
    size_t index;

    if (json_is_string(value) && judging->name_count < NAMES_MAX) {
        judging->names[judging->name_count++] = mem_strdup(json_string_value(value));
    }
    json_array_foreach(value, index, member)
    {
        take_names(judging, member);
    }
    json_object_foreach((json_t *)value, key, member)
    {
        take_names(judging, member);
    }
}

struct password_strength_call *
password_strength_start(struct core *core, const struct password_strength_request *request,
                        password_strength_done_f *done, void *arg)
{
    struct password_strength_call *judging = mem_new(struct password_strength_call);
    size_t len = request->password.len;

    judging->job = (struct job){
        .run = judging_run,
        .done = judging_done,
        .destroy = judging_destroy,
        .owner = judging,
        .deadline = request->deadline,
    };
    judging->rules = &core->site.rules;
    judging->enrolled = request->enrolled;
    judging->done = done;
    judging->arg = arg;
    judging->password_length = len < sizeof(judging->password) ? len : sizeof(judging->password);
    memcpy(judging->password, request->password.ptr, judging->password_length);
    take_names(judging, request->names);
    if (!workers_submit(core->hashers, &judging->job)) {
        judging_destroy(&judging->job);
        return NULL;
    }
    return judging;
}

void password_strength_cancel(struct password_strength_call *judging)
{
    job_cancel(&judging->job);
}
