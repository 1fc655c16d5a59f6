#include "keys/key_files_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "keys/key_files.h"
#include "loop/workers.h"

#define ALLOWED_MS 10000 /* how long a job may wait for a worker */

struct key_files_job {
    struct job job;
    const char *directory;
    enum key_files_job_work work;
    char kind[KEY_NAME_MAX + 1];
    char id[KEY_ID_LENGTH + 1];
    struct key_names known;
    struct key_ring ring;
    bool read;
    struct err err;
    key_files_job_done_f *done;
    void *arg;
};

static bool do_work(struct key_files_job *mine)
{
    switch (mine->work) {
    case KEY_FILES_JOB_LOAD:
        return true;
    case KEY_FILES_JOB_PREPARE:
        return key_files_prepare(mine->directory, &mine->known, mine->kind, mine->id, &mine->err);
    case KEY_FILES_JOB_PROMOTE:
        return key_files_promote(mine->directory, mine->kind, mine->id, &mine->err);
    }
    return false;
}

static void job_run(struct job *job)
{
    struct key_files_job *mine = (struct key_files_job *)job;

    mine->read = do_work(mine) && key_files_load(mine->directory, &mine->ring, &mine->err);
}

static void job_done(struct job *job, void *owner)
{
    struct key_files_job *mine = (struct key_files_job *)job;
    const struct key_files_job_result result = {
        .done = mine->read && !job->expired,
        .error = job->expired ? "the disk did not answer in time" : mine->err.text,
        .id = mine->id,
        .ring = &mine->ring,
    };

    (void)owner;
    mine->done(&result, mine->arg);
}

static void job_destroy(struct job *job)
{
    secret_wipe(job, sizeof(struct key_files_job));
    free(job);
}

struct key_files_job *key_files_job_start(struct core *core, const char *directory,
                                          const struct key_files_job_order *order,
                                          key_files_job_done_f *done, void *arg)
{
    struct key_files_job *mine = mem_new(struct key_files_job);

    mine->directory = directory;
    mine->work = order->work;
    snprintf(mine->kind, sizeof(mine->kind), "%s", order->kind != NULL ? order->kind : "");
    snprintf(mine->id, sizeof(mine->id), "%s", order->id != NULL ? order->id : "");
    if (order->known != NULL) {
        mine->known = *order->known;
    }
    mine->done = done;
    mine->arg = arg;
    mine->job = (struct job){
        .run = job_run,
        .done = job_done,
        .destroy = job_destroy,
        .owner = mine,
        .deadline = clock_ms() + ALLOWED_MS,
        .fair_key = (uint64_t)(uintptr_t)directory,
    };
    if (!workers_submit(core->hashers, &mine->job)) {
        job_destroy(&mine->job);
        return NULL;
    }
    return mine;
}

void key_files_job_cancel(struct key_files_job *job)
{
    job_cancel(&job->job);
}
