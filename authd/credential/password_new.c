#include "credential/password_new.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "credential/password_hash.h"
#include "credential/password_strength.h"
#include "crypto/password.h"
#include "loop/loop.h"

struct new_password {
    struct core *core;
    int64_t deadline;
    struct judging *judging; /* set while the rules are checked */
    struct hashing *hashing; /* set while the password is hashed */
    struct loop_hook busy;   /* delivers NEW_PASSWORD_BUSY after the start */
    new_password_done_f *done;
    void *arg;
    size_t length;
    char password[PASSWORD_MAX];
};

static void new_destroy(struct new_password *new)
{
    secret_wipe(new, sizeof(*new));
    free(new);
}

static void new_end(struct new_password *new, const struct new_password_result *result)
{
    new->done(result, new->arg);
    new_destroy(new);
}

static void new_end_as(struct new_password *new, enum new_password_status status)
{
    new_end(new, &(struct new_password_result){.status = status});
}

static void on_busy(void *arg)
{
    new_end_as(arg, NEW_PASSWORD_BUSY);
}

static void on_hashed(enum hashing_result made, const char *stored, void *arg)
{
    struct new_password *new = arg;

    new->hashing = NULL;
    switch (made) {
    case HASHING_MADE:
        new_end(new, &(struct new_password_result){NEW_PASSWORD_HASHED, stored, NULL});
        break;
    case HASHING_EXPIRED:
        new_end_as(new, NEW_PASSWORD_LATE);
        break;
    case HASHING_FAILED:
        new_end_as(new, NEW_PASSWORD_FAILED);
        break;
    }
}

static void refuse(struct new_password *new, const struct password_judgement *judged)
{
    static const char subject[] = "password ";
    char sentence[sizeof(subject) - 1 + PASSWORD_SENTENCE_MAX];

    memcpy(sentence, subject, sizeof(subject) - 1);
    password_sentence(judged, sentence + sizeof(subject) - 1);
    new_end(new, &(struct new_password_result){NEW_PASSWORD_REFUSED, NULL, sentence});
}

static void on_judged(const struct password_judgement *judged, void *arg)
{
    struct new_password *new = arg;
    struct span password = {new->password, new->length};

    new->judging = NULL;
    if (judged == NULL) {
        new_end_as(new, NEW_PASSWORD_LATE);
        return;
    }
    if (judged->flaws != 0) {
        refuse(new, judged);
        return;
    }
    new->hashing = hashing_start(new->core, password, new->deadline, on_hashed, new);
    if (new->hashing == NULL) {
        new_end_as(new, NEW_PASSWORD_BUSY);
    }
}

struct new_password *new_password_start(struct core *core,
                                        const struct new_password_request *request,
                                        new_password_done_f *done, void *arg)
{
    struct new_password *new = mem_new(struct new_password);
    struct span password = request->password;
    const struct judging_request judging = {
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
    new->judging = judging_start(core, &judging, on_judged, new);
    if (new->judging == NULL) {
        loop_defer(core->loop, LOOP_BATCH, &new->busy);
    }
    return new;
}

void new_password_cancel(struct new_password *new)
{
    loop_undefer(new->core->loop, &new->busy);
    if (new->judging != NULL) {
        judging_cancel(new->judging);
    }
    if (new->hashing != NULL) {
        hashing_cancel(new->hashing);
    }
    new_destroy(new);
}

json_t *new_password_names(const json_t *object)
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
