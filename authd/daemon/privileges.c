#include "daemon/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

bool privileges_make_state_dir(const char *path, uid_t uid, gid_t gid, struct err *err)
{
    int fd;
    bool given;

    if (mkdir(path, 0700) != 0) {
        return errno == EEXIST ||
               err_set(err, "state_dir: cannot create %s: %s", path, strerror(errno));
    }
    // Another user could put a link there, which is not followed.
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    given = fd >= 0 && fchown(fd, uid, gid) == 0;
    if (!given) {
        err_set(err, "state_dir: cannot give %s to its user: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return given;
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
