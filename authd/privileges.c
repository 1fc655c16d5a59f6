#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

bool privileges_state_dir(const char *path, uid_t uid, gid_t gid, struct err *err)
{
    if (mkdir(path, 0700) == 0) {
        if (chown(path, uid, gid) == 0) {
            return true;
        }
    } else if (errno == EEXIST) {
        return true;
    }
    return err_set(err, "state_dir: cannot create %s: %s; create its parent directory", path,
                   strerror(errno));
}

bool privileges_drop(const char *user, uid_t uid, gid_t gid, struct err *err)
{
    if (uid == 0) {
        return err_set(err, "user: authd does not run as root; name an unprivileged user "
                            "(adduser --system --group smtp-authd)");
    }
    if (initgroups(user, gid) != 0 || setresgid(gid, gid, gid) != 0 ||
        setresuid(uid, uid, uid) != 0) {
        return err_set(err, "user: cannot become %s: %s", user, strerror(errno));
    }
    if (setuid(0) == 0) {
        return err_set(err, "user: root privileges could be regained");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return err_set(err, "cannot set no_new_privs: %s", strerror(errno));
    }
    return true;
}
