#include "manage/key_rotation.h"

#include <stdlib.h>

#include "base/mem.h"
#include "core/core.h"
#include "keys/key_files.h"
#include "keys/key_follow.h"
#include "store/db.h"

#define STATE_MS 4000

struct key_rotation {
    struct core *core;
    json_t *context;
    json_t *arguments;
    bool dry_run;
    bool begun;                 // this rotation holds key_follow_reserve()
    struct manage_call *manage; // at most one of `manage`, `job` and `unit` is under way
    struct key_files_job *job;  // reads or changes the key files
    struct db_unit *unit;       // asks for the list of keys
    json_t *made;               // the object of the new key
    result_done_f *done;
    void *arg;
};

static void rotation_destroy(struct key_rotation *rotation)
{
    if (rotation->begun) {
        key_follow_release(rotation->core->key_follow);
    }
    json_decref(rotation->context);
    json_decref(rotation->arguments);
    json_decref(rotation->made);
    free(rotation);
}

static void rotation_end(struct key_rotation *rotation, const struct result *result)
{
    rotation->done(result, rotation->arg);
    rotation_destroy(rotation);
}

static void rotation_busy(struct key_rotation *rotation, const char *cause)
{
    const struct result busy = {
        .status = RESULT_UNAVAILABLE,
        .detail = "keys cannot be rotated at this moment; nothing was changed",
        .hint = "Try again.",
        .cause = cause,
    };

    rotation_end(rotation, &busy);
}

static void rotation_failed(struct key_rotation *rotation, const char *error)
{
    const struct result failed = {
        .status = RESULT_CONFLICT,
        .detail = error,
        .hint = "Nothing was changed.",
        .cause = error,
    };

    rotation_end(rotation, &failed);
}

static const char *rotation_purpose(const struct key_rotation *rotation)
{
    return json_string_value(json_object_get(rotation->arguments, "purpose"));
}

static void rotation_ask(struct key_rotation *rotation, bool dry_run, result_done_f *done)
{
    const struct manage_request request = {
        .statement = STATEMENT_KEY_ROTATE,
        .context = rotation->context,
        .arguments = rotation->arguments,
        .dry_run = dry_run,
    };

    rotation->manage = manage_call_start(rotation->core, &request, done, rotation);
}

static bool rotation_files(struct key_rotation *rotation, const struct key_files_job_order *order,
                           key_files_job_done_f *done)
{
    rotation->job = key_files_job_start(
        rotation->core, key_follow_key_dir(rotation->core->key_follow), order, done, rotation);
    return rotation->job != NULL;
}

/* ---- step 3: the new key becomes the first ---- */

static void rotation_answer(struct key_rotation *rotation)
{
    const struct result result = {.status = RESULT_OK, .object = rotation->made};

    rotation_end(rotation, &result);
}

static void rotation_promoted(const struct key_files_job_result *files, void *arg)
{
    struct key_rotation *rotation = arg;

    rotation->job = NULL;
    key_follow_promotion_done(rotation->core->key_follow, files);
    rotation_answer(rotation);
}

/* ---- step 2: the database makes the new key current ---- */

static void rotation_listed(const struct result *result, void *arg)
{
    struct key_rotation *rotation = arg;

    rotation->manage = NULL;
    if (result->status != RESULT_OK) {
        rotation_end(rotation, result);
        return;
    }
    rotation->made = json_incref(result->object);

    const struct key_files_job_order order = {
        .work = KEY_FILES_JOB_PROMOTE,
        .kind = rotation_purpose(rotation),
        .id = json_string_value(json_object_get(rotation->made, "id")),
    };

    if (!json_is_true(json_object_get(rotation->made, "current")) ||
        !rotation_files(rotation, &order, rotation_promoted)) {
        rotation_answer(rotation); // keys/key_follow.h promotes a current key later
    }
}

/* ---- step 1: the new key is written into the file ---- */

static void rotation_prepared(const struct key_files_job_result *files, void *arg)
{
    struct key_rotation *rotation = arg;

    rotation->job = NULL;
    if (!files->done) {
        rotation_failed(rotation, files->error);
        return;
    }
    key_follow_merge(rotation->core->key_follow, files->ring);
    json_object_set_new(rotation->arguments, "id", json_string(files->id));
    rotation_ask(rotation, false, rotation_listed);
}

static void rotation_known(const struct db_result *state, void *arg)
{
    struct key_rotation *rotation = arg;

    rotation->unit = NULL;
    if (state->status != DB_OK) {
        rotation_busy(rotation, state->sqlstate != NULL ? state->message : "database-down");
        return;
    }

    const struct key_names known = key_follow_names_in(state, true);
    const struct key_files_job_order order = {
        .work = KEY_FILES_JOB_PREPARE, .kind = rotation_purpose(rotation), .known = &known};

    if (!rotation_files(rotation, &order, rotation_prepared)) {
        rotation_busy(rotation, "hash-queue-full");
    }
}

/* Asks the database which keys of the files were in use before. */
static void rotation_loaded(const struct key_files_job_result *files, void *arg)
{
    struct key_rotation *rotation = arg;
    const char *texts[KEY_NAMES_MAX];
    struct key_names names;

    rotation->job = NULL;
    if (!files->done) {
        rotation_failed(rotation, files->error);
        return;
    }
    key_files_names(files->ring, &names);
    for (size_t i = 0; i < names.count; i++) {
        texts[i] = names.names[i];
    }
    rotation->unit = db_unit_create(STATEMENT_KEY_STATE);
    db_unit_text_array(rotation->unit, texts, names.count);
    db_run(rotation->core->db, rotation->unit, STATE_MS, rotation_known, rotation);
}

/* ---- the start ---- */

static const char *current_of(const struct key_rotation *rotation)
{
    const struct key_ring *keys = rotation->core->keys;
    bool pepper = strcmp(rotation_purpose(rotation), "pepper") == 0;

    return pepper ? keys->peppers.keys[0].id : keys->encryption.keys[0].id;
}

/* `result` is the answer of a dry run, which checks rights and arguments; or the recorded answer of
 * an earlier request with the same idempotency key. */
static void rotation_allowed(const struct result *result, void *arg)
{
    struct key_rotation *rotation = arg;
    const struct key_files_job_order order = {.work = KEY_FILES_JOB_LOAD};

    rotation->manage = NULL;
    if (result->status != RESULT_OK || rotation->dry_run ||
        json_object_get(result->object, "replayed") != NULL) {
        rotation_end(rotation, result);
        return;
    }
    rotation->begun = key_follow_reserve(rotation->core->key_follow);
    if (!rotation->begun || !rotation_files(rotation, &order, rotation_loaded)) {
        rotation_busy(rotation, rotation->begun ? "hash-queue-full" : "rotating");
        return;
    }
    json_object_set_new(rotation->arguments, "replaces", json_string(current_of(rotation)));
}

struct key_rotation *key_rotation_start(struct core *core, const struct manage_request *request,
                                        result_done_f *done, void *arg)
{
    struct key_rotation *rotation = mem_new(struct key_rotation);

    rotation->core = core;
    rotation->context = json_deep_copy(request->context);
    rotation->arguments = json_deep_copy(request->arguments);
    rotation->dry_run = request->dry_run;
    rotation->done = done;
    rotation->arg = arg;
    rotation_ask(rotation, true, rotation_allowed);
    return rotation;
}

void key_rotation_cancel(struct key_rotation *rotation)
{
    if (rotation->manage != NULL) {
        manage_call_cancel(rotation->manage);
    }
    if (rotation->job != NULL) {
        key_files_job_cancel(rotation->job);
    }
    if (rotation->unit != NULL) {
        db_cancel(rotation->unit);
    }
    rotation_destroy(rotation);
}
