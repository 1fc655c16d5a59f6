/* Rotation: a new key replaces the current one. The old key still verifies and decrypts what was
 * made with it.
 *
 * The order of the steps makes it safe for the process or the machine to stop at any point:
 *
 *   1. The new key is written at the end of its file. There it is not used for anything new.
 *   2. The database makes it the current key. If this fails, the next rotation takes the key that
 *      step 1 wrote.
 *   3. The new key becomes the first of the file and of the ring. keys/key_follow.h repeats this
 * step on every node and after every start.
 *
 * Step 1 makes no new key if the file has one that the database does not list. This way an
 * administrator can copy the key to all nodes before it becomes current. "prepare" does step 1
 * only. */
#ifndef MANAGE_KEY_ROTATION_H
#define MANAGE_KEY_ROTATION_H

#include "manage/call.h"

struct key_rotation;

/* `request` is the request of a management call, with the arguments "purpose" and "prepare". `done`
 * is called once, never from inside this call, unless cancelled; the result's object is the new
 * key. */
struct key_rotation *key_rotation_start(struct core *core, const struct manage_request *request,
                                        result_done_f *done, void *arg);
/* Changes of the files or the database that have begun are still made. */
void key_rotation_cancel(struct key_rotation *rotation);

#endif
