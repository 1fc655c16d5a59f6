/* The key files, in key_dir: `pepper`, `encryption` and `audit`. A thief of the database must not
 * have the keys, so they are neither in the database nor in its backups. Every node of a database
 * has the same keys. */
#ifndef KEYS_KEY_FILES_H
#define KEYS_KEY_FILES_H

#include "base/err.h"
#include "crypto/key.h"
#include "store/key_names.h"

/* False: `err` says which file is wrong, why, and what to do. Wipe the ring with key_files_wipe().
 */
bool key_files_load(const char *directory, struct key_ring *ring, struct err *err);

/* Makes each file that is missing, with a new random key, unless the database lists a key of that
 * kind already; also the directory, if the database lists no key at all. A file that is there
 * stays. */
bool key_files_make(const char *directory, const struct key_names *listed, struct err *err);

/* key_files_make(), then the database's list of keys is brought up to date: the listed keys have to
 * be in the files, unless nothing needs them any more, and the current key of each kind becomes the
 * first of its file. As the owner role; blocking. */
bool key_files_register(const char *directory, const char *owner_url, struct key_ring *ring,
                        struct err *err);

/* Puts a new key at the end of a file, where it is not used for anything new; makes none if the
 * file already has a key that is not in `known`, the list of the database. `id` gets the name of
 * that key. `kind`: pepper or encryption. */
bool key_files_prepare(const char *directory, const struct key_names *known, const char *kind,
                       char id[static KEY_ID_LENGTH + 1], struct err *err);
/* Makes the key the first of its file. */
bool key_files_promote(const char *directory, const char *kind, const char *id, struct err *err);

/* The names of the ring's keys, as the database lists them. */
void key_files_names(const struct key_ring *ring, struct key_names *names);

void key_files_wipe(struct key_ring *ring);

#endif
