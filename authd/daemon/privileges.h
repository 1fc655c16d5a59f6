/* authd never serves as root: started as root, it binds its sockets, then drops root privileges. */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include <sys/types.h>

#include "base/err.h"

/* Creates state_dir with mode 0700 and gives it to the user; a folder that exists stays as it is.
 * Needs root. */
bool privileges_make_state_dir(const char *path, uid_t uid, gid_t gid, struct err *err);

/* Becomes the user, with its supplementary groups. Neither the process nor a program that it starts
 * can regain privileges. */
bool privileges_drop(const char *user, uid_t uid, gid_t gid, struct err *err);

#endif
