/* authd never serves as root: started as root it binds its sockets, then drops. */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <sys/types.h>

#include "base/err.h"

/* Creates `state_dir` (0700) if it is missing and gives it to the user. Needs root. */
bool privileges_state_dir(const char *path, uid_t uid, gid_t gid, struct err *err);

/* Becomes the user for good, with its supplementary groups; no program it starts can gain
 * privileges either. */
bool privileges_drop(const char *user, uid_t uid, gid_t gid, struct err *err);

#endif
