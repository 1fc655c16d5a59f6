/* Threat: a key that somebody else can read, or could put there (a link, another owner, a directory
 * that others may write): such a file is refused, not repaired. And a key that is lost: a new one
 * appears under its name only when it is whole and on the disk, and never over another. */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"

#define FILE_MAX ((size_t)(KEY_PEPPERS_MAX * KEY_LINE_LENGTH))

static const struct kind {
    const char *name;
    size_t max;
} pepper_kind = {"pepper", KEY_PEPPERS_MAX}, audit_kind = {"audit", 1};

static bool directory_trusted(const char *path, int fd, struct err *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0) {
        return err_set(err, "key_dir: cannot look at %s: %s", path, strerror(errno));
    }
    if ((info.st_uid != geteuid() && info.st_uid != 0) || (info.st_mode & 022) != 0) {
        return err_set(err,
                       "key_dir: others than authd's user can change %s: chown it to that user, "
                       "then chmod 700",
                       path);
    }
    return true;
}

/* -1: see `err`. */
static int directory_open(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT) {
        err_set(err,
                "key_dir: there is no %s: copy it from another node of the same database, or, if "
                "this is the first, run authd --migrate",
                path);
    } else if (fd < 0) {
        err_set(err, "key_dir: cannot open %s: %s", path, strerror(errno));
    } else if (!directory_trusted(path, fd, err)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* One file, and where its keys go. */
struct file {
    const struct kind *kind;
    char path[4096]; // for people
    struct key *keys;
    size_t count;
};

static bool file_trusted(const struct file *file, int fd, struct err *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return err_set(err, "key_dir: %s is not a regular file", file->path);
    }
    if (info.st_uid != geteuid()) {
        return err_set(err,
                       "key_dir: %s belongs to the user %u: chown it to the user that runs authd",
                       file->path, (unsigned)info.st_uid);
    }
    if ((info.st_mode & 077) != 0) {
        return err_set(err,
                       "key_dir: others than its owner can read %s: chmod 600 it, and consider "
                       "that somebody may have its key",
                       file->path);
    }
    return true;
}

static bool file_parse(struct file *file, int fd, struct err *err)
{
    char text[FILE_MAX + 1];
    ssize_t length = read(fd, text, sizeof(text));

    file->count = length > 0
                      ? key_parse((struct span){text, (size_t)length}, file->keys, file->kind->max)
                      : 0;
    secret_wipe(text, sizeof(text));
    return file->count > 0 ||
           err_set(err,
                   "key_dir: %s does not hold a key (a line of 64 hexadecimal digits): restore it "
                   "from a backup, or copy it from another node",
                   file->path);
}

static bool file_load(struct file *file, const char *directory, int directory_fd, struct err *err)
{
    int fd = openat(directory_fd, file->kind->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool loaded;

    snprintf(file->path, sizeof(file->path), "%s/%s", directory, file->kind->name);
    if (fd < 0 && errno == ENOENT) {
        return err_set(err,
                       "key_dir: there is no %s: copy it from another node of the same database, "
                       "or, if this is the first, run authd --migrate",
                       file->path);
    }
    if (fd < 0) {
        return err_set(err, "key_dir: cannot open %s: %s", file->path,
                       errno == ELOOP ? "it is a symbolic link; put the file itself there"
                                      : strerror(errno));
    }
    loaded = file_trusted(file, fd, err) && file_parse(file, fd, err);
    close(fd);
    return loaded;
}

bool keyfile_load(const char *directory, struct key_ring *ring, struct err *err)
{
    struct file pepper = {.kind = &pepper_kind, .keys = ring->peppers};
    struct file audit = {.kind = &audit_kind, .keys = &ring->audit};
    int fd = directory_open(directory, err);
    bool loaded;

    if (fd < 0) {
        return false;
    }
    loaded = file_load(&pepper, directory, fd, err) && file_load(&audit, directory, fd, err);
    ring->pepper_count = pepper.count;
    close(fd);
    return loaded;
}

/* ---- making ---- */

static bool write_key(int fd)
{
    struct key key;
    char line[KEY_LINE_LENGTH];

    secret_random(key.octets, sizeof(key.octets));
    key_line(&key, line);
    bool written = write(fd, line, sizeof(line)) == (ssize_t)sizeof(line) && fsync(fd) == 0;
    secret_wipe(&key, sizeof(key));
    secret_wipe(line, sizeof(line));
    return written;
}

/* False: errno says why. */
static bool file_make(int directory, const struct kind *kind)
{
    char fresh[32];

    if (faccessat(directory, kind->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return true;
    }
    snprintf(fresh, sizeof(fresh), "%s.new", kind->name);
    if (unlinkat(directory, fresh, 0) != 0 && errno != ENOENT) {
        return false;
    }

    int fd = openat(directory, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        return false;
    }
    bool written = write_key(fd);
    close(fd);
    return written && renameat2(directory, fresh, directory, kind->name, RENAME_NOREPLACE) == 0 &&
           fsync(directory) == 0;
}

bool keyfile_make(const char *directory, struct err *err)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return err_set(err,
                       "key_dir: cannot create %s: %s; create it, owned by authd's user, with mode "
                       "700",
                       directory, strerror(errno));
    }

    int fd = directory_open(directory, err);

    if (fd < 0) {
        return false;
    }
    bool made = file_make(fd, &pepper_kind) && file_make(fd, &audit_kind);
    if (!made) {
        err_set(err, "key_dir: cannot make a key in %s: %s", directory, strerror(errno));
    }
    close(fd);
    return made;
}

/* ---- the database's list ---- */

void keyfile_names(const struct key_ring *ring, struct key_names *names)
{
    char name[KEY_NAME_MAX + 1];

    *names = (struct key_names){0};
    for (size_t i = 0; i < ring->pepper_count; i++) {
        snprintf(name, sizeof(name), "%s %s", pepper_kind.name, ring->peppers[i].id);
        key_names_add(names, name);
    }
    snprintf(name, sizeof(name), "%s %s", audit_kind.name, ring->audit.id);
    key_names_add(names, name);
}

bool keyfile_register(const char *directory, const char *owner_url, struct key_ring *ring,
                      struct err *err)
{
    struct key_names names;
    struct key_list *list = key_list_open(owner_url, &names, err);
    bool done;

    if (list == NULL) {
        return false;
    }
    done = (names.count > 0 || keyfile_make(directory, err)) && keyfile_load(directory, ring, err);
    if (done) {
        keyfile_names(ring, &names);
        done = key_list_add(list, &names, err);
    }
    key_list_close(list);
    return done;
}

void keyfile_wipe(struct key_ring *ring)
{
    secret_wipe(ring, sizeof(*ring));
}
