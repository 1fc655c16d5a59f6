/* Work on the key files (keys/key_files.h), as a job on a worker, because the disk may be slow. */
#ifndef KEYS_KEY_FILES_JOB_H
#define KEYS_KEY_FILES_JOB_H

#include "base/err.h"
#include "crypto/key.h"
#include "store/key_names.h"

struct core;
struct key_files_job;

enum key_files_job_work { KEY_FILES_JOB_LOAD, KEY_FILES_JOB_PREPARE, KEY_FILES_JOB_PROMOTE };

/* What a job does. Every job ends by reading the files. Copied by key_files_job_start(). */
struct key_files_job_order {
    enum key_files_job_work work;
    const char *kind;              /* PREPARE, PROMOTE: the kind of the key */
    const char *id;                /* PROMOTE: the key */
    const struct key_names *known; /* PREPARE: the names that the database lists */
};

/* Valid during the callback. */
struct key_files_job_result {
    bool done;
    const char *error;           /* a sentence, if `done` is false */
    const char *id;              /* the name of the prepared or promoted key */
    const struct key_ring *ring; /* the keys in the files, if `done` is true */
};

typedef void key_files_job_done_f(const struct key_files_job_result *result, void *arg);

/* `directory` outlives the job. `done` is called later, once, unless cancelled. NULL: the workers
 * have no room. */
struct key_files_job *key_files_job_start(struct core *core, const char *directory,
                                          const struct key_files_job_order *order,
                                          key_files_job_done_f *done, void *arg);
void key_files_job_cancel(struct key_files_job *job);

#endif
