#include "credential/password_new.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "credential/password_hash.h"
#include "credential/password_strength_job.h"
#include "crypto/password_scheme.h"
#include "loop/loop.h"

struct password_new_call {
    struct core *core;
    int64_t deadline;
    struct password_strength_job *checking; /* set while the rules are checked */
    struct password_hash_call *hashing;     /* set while the password is hashed */
    struct loop_hook busy;                  /* delivers PASSWORD_NEW_BUSY after the start */
    password_new_done_f *done;
    void *arg;
    size_t length;
    char password[PASSWORD_MAX];
};

static void new_destroy(struct password_new_call *new)
{
    secret_wipe(new, sizeof(*new));
    free(new);
}

static void new_end(struct password_new_call *new, const struct password_new_result *result)
{
    new->done(result, new->arg);
    new_destroy(new);
}

static void new_end_as(struct password_new_call *new, enum password_new_status status)
{
    new_end(new, &(struct password_new_result){.status = status});
}

static void on_busy(void *arg)
{
    new_end_as(arg, PASSWORD_NEW_BUSY);
}

static void on_hashed(enum password_hash_result made, const char *stored, void *arg)
{
    struct password_new_call *new = arg;

    new->hashing = NULL;
    switch (made) {
    case PASSWORD_HASH_MADE:
        new_end(new, &(struct password_new_result){PASSWORD_NEW_HASHED, stored, NULL});
        break;
    case PASSWORD_HASH_EXPIRED:
        new_end_as(new, PASSWORD_NEW_LATE);
        break;
    case PASSWORD_HASH_FAILED:
        new_end_as(new, PASSWORD_NEW_FAILED);
        break;
    }
}

static void refuse(struct password_new_call *new, const struct password_strength *strength)
{
    static const char subject[] = "password ";
    char sentence[sizeof(subject) - 1 + PASSWORD_SENTENCE_MAX];

    memcpy(sentence, subject, sizeof(subject) - 1);
    password_sentence(strength, sentence + sizeof(subject) - 1);
    new_end(new, &(struct password_new_result){PASSWORD_NEW_REFUSED, NULL, sentence});
}

static void on_strength(const struct password_strength *strength, void *arg)
{
    struct password_new_call *new = arg;
    struct span password = {new->password, new->length};

    new->checking = NULL;
    if (strength == NULL) {
        new_end_as(new, PASSWORD_NEW_LATE);
        return;
    }
    if (strength->flaws != 0) {
        refuse(new, strength);
        return;
    }
    new->hashing = password_hash_start(new->core, password, new->deadline, on_hashed, new);
    if (new->hashing == NULL) {
        new_end_as(new, PASSWORD_NEW_BUSY);
    }
}

struct password_new_call *password_new_start(struct core *core,
                                             const struct password_new_request *request,
                                             password_new_done_f *done, void *arg)
{
    struct password_new_call *new = mem_new(struct password_new_call);
    struct span password = request->password;
    const struct password_strength_job_request checking = {
        .names = request->names,
        .enrolled = request->enrolled,
        .password = password,
        .deadline = request->deadline,
    };

    new->core = core;
    new->deadline = request->deadline;
    new->done = done;
    new->arg = arg;
    new->busy = (struct loop_hook){.run = on_busy, .arg = new};
    /* The rules refuse a longer password. */
    new->length = password.len < PASSWORD_MAX ? password.len : PASSWORD_MAX;
    memcpy(new->password, password.ptr, new->length);
    new->checking = password_strength_job_start(core, &checking, on_strength, new);
    if (new->checking == NULL) {
        loop_defer(core->loop, LOOP_BATCH, &new->busy);
    }
    return new;
}

void password_new_cancel(struct password_new_call *new)
{
    loop_undefer(new->core->loop, &new->busy);
    if (new->checking != NULL) {
        password_strength_job_cancel(new->checking);
    }
    if (new->hashing != NULL) {
        password_hash_cancel(new->hashing);
    }
    new_destroy(new);
}

json_t *password_new_names(const json_t *object)
{
    static const char *const members[] = {"login", "addresses", "display_name", "recovery_address",
                                          "words"};
    json_t *names = json_array();

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *member = json_object_get(object, members[i]);

        if (member != NULL) {
            json_array_append(names, member);
        }
    }
    return names;
}
