/* A new key in place of one that stays good for what it made.
 *
 * The order makes it safe to stop anywhere, for this process as for the machine:
 *
 *   1. the key is written at the end of its file, where it makes nothing;
 *   2. the database lists it as the one that makes what is new; if it does not, step 1 was for the
 *      next rotation;
 *   3. it becomes the first of the file and of the ring: core/keyring.h sees to that on every node,
 *      and again after a start.
 *
 * A key that is in the file and not yet on the list is taken in step 1, instead of a new one: so
 * several nodes can have it before it is used. "prepare" ends after step 1. */
#ifndef CORE_KEY_ROTATION_H
#define CORE_KEY_ROTATION_H

#include "core/account.h"

struct key_rotation;

/* `request` is that of an account call, with arguments "purpose" and "prepare". `done` is called
 * once, never from inside this call, unless cancelled; its object is the new key. */
struct key_rotation *key_rotation_start(struct core *core, const struct account_request *request,
                                        account_done_f *done, void *arg);
/* What the files or the database were told is not undone. */
void key_rotation_cancel(struct key_rotation *rotation);

#endif
