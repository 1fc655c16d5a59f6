/* The keys of this node while it runs. The database says which key of each kind is current, so that
 * all nodes use the same; each node follows within seconds. Not tied to a request's lifetime.
 *
 * Only this file writes to the ring, in place, on the loop. Readers of core->keys run on the loop
 * too, and keep no pointer into the ring across a wait. */
#ifndef KEYS_KEY_FOLLOW_H
#define KEYS_KEY_FOLLOW_H

#include "keys/key_files_job.h"

struct core;
struct db_result;
struct key_follow;

struct key_follow_options {
    const char *key_dir;     /* the directory of the key files */
    struct key_ring *ring;   /* core->keys, as loaded at the start */
    struct key_names *names; /* the names in the ring; checked by new database connections */
};

struct key_follow *key_follow_create(struct core *core, const struct key_follow_options *options);
void key_follow_destroy(struct key_follow *key_follow); /* NULL is fine */

/* Asks the database now. */
void key_follow_poll(struct key_follow *key_follow);
/* Reads the key files again. If the files are wrong, the log says why, and the ring stays as it is.
 */
void key_follow_reload(struct key_follow *key_follow);

/* For manage/key_rotation.c: reserves the key files for one rotation. False: another rotation has
 * them. */
bool key_follow_reserve(struct key_follow *key_follow);
void key_follow_release(struct key_follow *key_follow);
const char *key_follow_key_dir(const struct key_follow *key_follow);
/* Adds the keys of the files to the ring. Keys that the files no longer hold stay in the ring: only
 * a reload removes keys. */
void key_follow_merge(struct key_follow *key_follow, const struct key_ring *files);
/* Takes the result of a KEY_FILES_JOB_PROMOTE job. The key becomes the first of the ring even if
 * the job failed, as long as the ring has it. False: the ring does not have the key. */
bool key_follow_promotion_done(struct key_follow *key_follow,
                               const struct key_files_job_result *promoted);
/* The names in an answer of authd.key_state(). `removed`: include removed keys. */
struct key_names key_follow_names_in(const struct db_result *state, bool removed);

#endif
