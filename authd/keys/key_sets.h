/* Work on the key files, as a job on a worker, because the disk may be slow. The core does not know
 * where the files are: the functions that do the work are passed in. */
#ifndef KEYS_KEY_SETS_H
#define KEYS_KEY_SETS_H

#include "base/err.h"
#include "crypto/keyed.h"
#include "store/key_names.h"

struct core;
struct key_files_job;

/* The functions of authd/keys/key_files.h, which documents them. All but `names` block. */
struct key_files {
    const char *directory;
    bool (*load)(const char *directory, struct key_ring *ring, struct err *err);
    bool (*prepare)(const char *directory, const struct key_names *known, const char *kind,
                    char id[static KEY_ID_LENGTH + 1], struct err *err);
    bool (*promote)(const char *directory, const char *kind, const char *id, struct err *err);
    void (*names)(const struct key_ring *ring, struct key_names *names);
};

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

/* `done` is called later, once, unless cancelled. NULL: the workers have no room. */
struct key_files_job *key_files_job_start(struct core *core, const struct key_files *files,
                                          const struct key_files_job_order *order,
                                          key_files_job_done_f *done, void *arg);
void key_files_job_cancel(struct key_files_job *job);

#endif
