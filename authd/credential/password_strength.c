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
    struct password_strength strength;
    size_t password_length;
    /* One octet more than PASSWORD_MAX, so that the rules see that a password is too long. */
    char password[PASSWORD_MAX + 1];
};

static void strength_call_run(struct job *job)
{
    struct password_strength_call *strength_call = (struct password_strength_call *)job;
    const struct password_owner owner = {
        .names = (const char *const *)strength_call->names,
        .count = strength_call->name_count,
        .enrolled = strength_call->enrolled,
    };

    strength_call->strength = password_strength_of(
        strength_call->rules, &owner,
        (struct span){strength_call->password, strength_call->password_length});
}

static void strength_call_done(struct job *job, void *owner)
{
    struct password_strength_call *strength_call = owner;

    strength_call->done(job->expired ? NULL : &strength_call->strength, strength_call->arg);
}

static void strength_call_destroy(struct job *job)
{
    struct password_strength_call *strength_call = (struct password_strength_call *)job;

    for (size_t i = 0; i < strength_call->name_count; i++) {
        free(strength_call->names[i]);
    }
    secret_wipe(job, sizeof(struct password_strength_call));
    free(job);
}

static void take_names(struct password_strength_call *strength_call, const json_t *value)
{
    const char *key;
    json_t *member;
    size_t index;

    if (json_is_string(value) && strength_call->name_count < NAMES_MAX) {
        strength_call->names[strength_call->name_count++] = mem_strdup(json_string_value(value));
    }
    json_array_foreach(value, index, member)
    {
        take_names(strength_call, member);
    }
    json_object_foreach((json_t *)value, key, member)
    {
        take_names(strength_call, member);
    }
}

struct password_strength_call *
password_strength_start(struct core *core, const struct password_strength_request *request,
                        password_strength_done_f *done, void *arg)
{
    struct password_strength_call *strength_call = mem_new(struct password_strength_call);
    size_t len = request->password.len;

    strength_call->job = (struct job){
        .run = strength_call_run,
        .done = strength_call_done,
        .destroy = strength_call_destroy,
        .owner = strength_call,
        .deadline = request->deadline,
    };
    strength_call->rules = core->site.password_rules;
    strength_call->enrolled = request->enrolled;
    strength_call->done = done;
    strength_call->arg = arg;
    strength_call->password_length =
        len < sizeof(strength_call->password) ? len : sizeof(strength_call->password);
    memcpy(strength_call->password, request->password.ptr, strength_call->password_length);
    take_names(strength_call, request->names);
    if (!workers_submit(core->hashers, &strength_call->job)) {
        strength_call_destroy(&strength_call->job);
        return NULL;
    }
    return strength_call;
}

void password_strength_cancel(struct password_strength_call *strength_call)
{
    job_cancel(&strength_call->job);
}
