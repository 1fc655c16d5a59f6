#include "credential/password_hash.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "loop/workers.h"

struct password_hash_call {
    struct job job;
    const struct password_schemes *schemes; // constant, outlives the lane
    password_hash_done_f *done;
    void *arg;
    bool made;
    char stored[AUTHD_HASH_MAX + 1];
    size_t password_length;
    char password[PASSWORD_MAX];
};

static void hashing_run(struct job *job)
{
    struct password_hash_call *hashing = (struct password_hash_call *)job;
    struct span password = {hashing->password, hashing->password_length};

    hashing->made = password_hash(hashing->schemes, password, hashing->stored);
}

static void hashing_done(struct job *job, void *owner)
{
    struct password_hash_call *hashing = owner;

    if (job->expired) {
        hashing->done(PASSWORD_HASH_EXPIRED, NULL, hashing->arg);
    } else if (!hashing->made) {
        hashing->done(PASSWORD_HASH_FAILED, NULL, hashing->arg);
    } else {
        hashing->done(PASSWORD_HASH_MADE, hashing->stored, hashing->arg);
    }
}

static void hashing_destroy(struct job *job)
{
    secret_wipe(job, sizeof(struct password_hash_call));
    free(job);
}

struct password_hash_call *password_hash_start(struct core *core, struct span password,
                                               int64_t deadline, password_hash_done_f *done,
                                               void *arg)
{
    struct password_hash_call *hashing = mem_new(struct password_hash_call);

    hashing->job = (struct job){
        .run = hashing_run,
        .done = hashing_done,
        .destroy = hashing_destroy,
        .owner = hashing,
        .deadline = deadline,
    };
    hashing->schemes = &core->schemes;
    hashing->done = done;
    hashing->arg = arg;
    hashing->password_length = password.len;
    memcpy(hashing->password, password.ptr, password.len);
    if (!workers_submit(core->hashers, &hashing->job)) {
        hashing_destroy(&hashing->job);
        return NULL;
    }
    return hashing;
}

void password_hash_cancel(struct password_hash_call *hashing)
{
    job_cancel(&hashing->job);
}
