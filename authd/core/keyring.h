/* The keys of this node, while it runs: which of them makes what is new is said by the database, so
 * that all nodes agree, and each follows within seconds. Belongs to nobody's request.
 *
 * The ring is replaced in place, on the loop, and nothing else writes to it. Whoever reads
 * core->keys does so on the loop as well, and keeps no pointer into it across a wait. */
#ifndef CORE_KEYRING_H
#define CORE_KEYRING_H

#include "core/key_files.h"

struct core;
struct db_result;
struct keyring;

struct keyring_options {
    const struct key_files *files;
    struct key_ring *ring;   /* core->keys; as it was loaded */
    struct key_names *names; /* those of the ring; what new connections are judged by */
};

struct keyring *keyring_create(struct core *core, const struct keyring_options *options);
void keyring_destroy(struct keyring *keyring); /* NULL is fine */

/* Asks the database now. */
void keyring_look(struct keyring *keyring);
/* Reads the key files again. If something is wrong with them, the log says so, and the keys stay.
 */
void keyring_reload(struct keyring *keyring);

/* For core/key_rotation.c, which puts keys into the files: one at a time. False: another does. */
bool keyring_begin(struct keyring *keyring);
void keyring_end(struct keyring *keyring);
const struct key_files *keyring_files(const struct keyring *keyring);
/* The files hold this now. What they no longer hold stays in the ring: only a reload takes keys
 * away. */
void keyring_take(struct keyring *keyring, const struct key_ring *files);
/* A key was to become the first of its file. The first of the ring it is anyway, if that has it. */
bool keyring_adopt(struct keyring *keyring, const struct key_files_result *promoted);
/* The names in an answer of authd.key_state(); `removed`: also what is no longer on the list. */
struct key_names keyring_names_in(const struct db_result *state, bool removed);

#endif
