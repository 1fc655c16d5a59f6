/* The key files, for the core, which does not know where they are: a job on a worker, because the
 * disk may take its time. */
#ifndef CORE_KEY_FILES_H
#define CORE_KEY_FILES_H

#include "base/err.h"
#include "crypto/keyed.h"
#include "store/keys.h"

struct core;
struct key_files_job;

/* What authd/keyfile.c can do; documented there. All of it blocks. */
struct key_files {
    const char *directory;
    bool (*load)(const char *directory, struct key_ring *ring, struct err *err);
    bool (*prepare)(const char *directory, const struct key_names *known, const char *kind,
                    char id[static KEY_ID_LENGTH + 1], struct err *err);
    bool (*promote)(const char *directory, const char *kind, const char *id, struct err *err);
    void (*names)(const struct key_ring *ring, struct key_names *names);
};

enum key_files_work { KEY_FILES_LOAD, KEY_FILES_PREPARE, KEY_FILES_PROMOTE };

/* Copied. All end in reading the files. */
struct key_files_order {
    enum key_files_work work;
    const char *kind;              /* to prepare or promote */
    const char *id;                /* to promote */
    const struct key_names *known; /* to prepare */
};

/* Valid during the callback. */
struct key_files_result {
    bool done;
    const char *error;           /* a sentence, unless it is done */
    const char *id;              /* of what was prepared or promoted */
    const struct key_ring *ring; /* what the files hold; with `done` */
};

typedef void key_files_done_f(const struct key_files_result *result, void *arg);

/* `done` is called later, once, unless cancelled. NULL: the workers have no room. */
struct key_files_job *key_files_start(struct core *core, const struct key_files *files,
                                      const struct key_files_order *order, key_files_done_f *done,
                                      void *arg);
void key_files_cancel(struct key_files_job *job);

#endif
