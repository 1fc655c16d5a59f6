#include "credential/password_verify.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "loop/workers.h"

struct password_verify_call {
    struct job job;
    const struct authd_scheme *scheme;
    enum authd_match match;
    password_verify_done_f *done;
    void *arg;
    char stored[AUTHD_HASH_MAX + 1];
    size_t secret_length;
    char secret[PASSWORD_MAX];
};

static enum password_verify_result result_of(enum authd_match match)
{
    switch (match) {
    case AUTHD_MATCH_YES:
        return PASSWORD_VERIFY_YES;
    case AUTHD_MATCH_NO:
        return PASSWORD_VERIFY_NO;
    case AUTHD_MATCH_ERROR:
        break;
    }
    return PASSWORD_VERIFY_FAILED;
}

static void verify_run(struct job *job)
{
    struct password_verify_call *verify = (struct password_verify_call *)job;
    struct span secret = {verify->secret, verify->secret_length};

    verify->match = password_verify(verify->scheme, verify->stored, secret);
}

static void verify_done(struct job *job, void *owner)
{
    struct password_verify_call *verify = (struct password_verify_call *)job;

    (void)owner;
    verify->done(job->expired ? PASSWORD_VERIFY_EXPIRED : result_of(verify->match), verify->arg);
}

static void verify_destroy(struct job *job)
{
    secret_wipe(job, sizeof(struct password_verify_call));
    free(job);
}

struct password_verify_call *password_verify_start(struct core *core,
                                                   const struct password_verify_order *order,
                                                   enum password_verify_result *result,
                                                   password_verify_done_f *done, void *arg)
{
    if (order->work <= PASSWORD_VERIFY_INLINE_WORK) {
        *result = result_of(password_verify(order->scheme, order->stored, order->secret));
        return NULL;
    }

    struct password_verify_call *verify = mem_new(struct password_verify_call);

    verify->job = (struct job){
        .run = verify_run,
        .done = verify_done,
        .destroy = verify_destroy,
        .owner = verify,
        .deadline = order->deadline,
        .fair_key = order->fair_key,
    };
    verify->scheme = order->scheme;
    verify->match = AUTHD_MATCH_ERROR;
    verify->done = done;
    verify->arg = arg;
    memcpy(verify->stored, order->stored, strlen(order->stored) + 1);
    verify->secret_length = order->secret.len;
    memcpy(verify->secret, order->secret.ptr, order->secret.len);
    if (!workers_submit(core->hashers, &verify->job)) {
        verify_destroy(&verify->job);
        *result = PASSWORD_VERIFY_QUEUE_FULL;
        return NULL;
    }
    return verify;
}

void password_verify_cancel(struct password_verify_call *verify)
{
    job_cancel(&verify->job);
}
