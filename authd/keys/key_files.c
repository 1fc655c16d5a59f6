/* Threats: a key that another user can read or could have placed (a link, another owner, a
 * directory that others may write): such a file is refused, not repaired; a key that is lost: a new
 * file gets its name only when it is complete and on the disk, and a new key never overwrites
 * another one. */
#include "keys/key_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "core/audit_call.h"

#define FILE_MAX ((size_t)(KEY_SET_MAX * KEY_LINE_LENGTH))
#define KINDS    3
#define KIND_MAX 16 /* with its NUL */

/* The kinds of keys are the names of their files. */
static const struct kind {
    char name[KIND_MAX];
    size_t max;
} kinds[KINDS] = {{"pepper", KEY_SET_MAX}, {"encryption", KEY_SET_MAX}, {"audit", 1}};

static bool directory_trusted(const char *path, int fd, struct err *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0) {
        return err_set(err, "key_dir: cannot check %s: %s", path, strerror(errno));
    }
    if ((info.st_uid != geteuid() && info.st_uid != 0) || (info.st_mode & 022) != 0) {
        return err_set(err,
                       "key_dir: users other than authd's own can change %s: chown it to authd's "
                       "user, then chmod 700",
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
                "this is the first, run smtp-authd --migrate",
                path);
    } else if (fd < 0) {
        err_set(err, "key_dir: cannot open %s: %s", path, strerror(errno));
    } else if (!directory_trusted(path, fd, err)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Opens the directory to change files in it. Only one program has it open this way; closing it
 * releases the lock. -1: see `err`. */
static int directory_lock(const char *path, struct err *err)
{
    int fd = directory_open(path, err);

    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        err_set(err, "key_dir: cannot lock %s: %s", path, strerror(errno));
        close(fd);
        fd = -1;
    }
    return fd;
}

/* A key file and its keys. */
struct file {
    const struct kind *kind;
    char path[4096]; // for messages
    struct key_set keys;
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
                       "key_dir: users other than its owner can read %s: chmod 600 it, and rotate "
                       "the key if one of these users may have read it",
                       file->path);
    }
    return true;
}

static bool file_parse(struct file *file, int fd, struct err *err)
{
    char text[FILE_MAX + 1];
    ssize_t length = read(fd, text, sizeof(text));

    size_t count = length > 0 ? key_set_parse((struct span){text, (size_t)length}, &file->keys) : 0;

    secret_wipe(text, sizeof(text));
    return (count > 0 && count <= file->kind->max) ||
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
                       "or, if this is the first, run smtp-authd --migrate",
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

static void ring_take(struct key_ring *ring, const struct file *files)
{
    ring->peppers = files[0].keys;
    ring->encryption = files[1].keys;
    ring->audit = files[2].keys.keys[0];
}

bool key_files_load(const char *directory, struct key_ring *ring, struct err *err)
{
    struct file files[KINDS];
    int fd = directory_open(directory, err);
    bool loaded = fd >= 0;

    for (size_t i = 0; loaded && i < KINDS; i++) {
        files[i] = (struct file){.kind = &kinds[i]};
        loaded = file_load(&files[i], directory, fd, err);
    }
    if (loaded) {
        ring_take(ring, files);
    }
    secret_wipe(files, sizeof(files));
    if (fd >= 0) {
        close(fd);
    }
    return loaded;
}

/* ---- making ---- */

static bool file_exists(int directory, const struct kind *kind)
{
    return faccessat(directory, kind->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Writes the whole text of a file. False: errno says why. */
static bool write_keys(int fd, const struct key_set *keys)
{
    char text[FILE_MAX];
    size_t length = keys->count * KEY_LINE_LENGTH;

    for (size_t i = 0; i < keys->count; i++) {
        key_format(&keys->keys[i], text + i * KEY_LINE_LENGTH);
    }
    bool written = write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
    secret_wipe(text, sizeof(text));
    return written;
}

/* Writes a file that gets its name only when it is complete and on the disk. `flags` are those of
 * renameat2(). The directory must be locked. False: errno says why. */
static bool file_put(int directory, const struct kind *kind, const struct key_set *keys,
                     unsigned flags)
{
    char fresh[32];

    snprintf(fresh, sizeof(fresh), "%s.new", kind->name);
    if (unlinkat(directory, fresh, 0) != 0 && errno != ENOENT) {
        return false;
    }

    int fd = openat(directory, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        return false;
    }
    bool written = write_keys(fd, keys);
    close(fd);
    return written && renameat2(directory, fresh, directory, kind->name, flags) == 0 &&
           fsync(directory) == 0;
}

static void key_make(struct key_set *keys)
{
    struct key *key = &keys->keys[keys->count++];

    secret_random(key->octets, sizeof(key->octets));
    key_id_make(key);
}

/* False: errno says why. */
static bool file_make(int directory, const struct kind *kind)
{
    struct key_set keys = {.count = 0};
    bool made;

    if (file_exists(directory, kind)) {
        return true;
    }
    key_make(&keys);
    made = file_put(directory, kind, &keys, RENAME_NOREPLACE);
    secret_wipe(&keys, sizeof(keys));
    return made;
}

/* Whether the database lists a key of this kind. */
static bool kind_listed(const struct kind *kind, const struct key_names *listed)
{
    size_t length = strlen(kind->name);

    for (size_t i = 0; i < listed->count; i++) {
        if (strncmp(listed->names[i], kind->name, length) == 0 && listed->names[i][length] == ' ') {
            return true;
        }
    }
    return false;
}

bool key_files_make(const char *directory, const struct key_names *listed, struct err *err)
{
    bool made = true;

    if (listed->count == 0 && mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return err_set(err,
                       "key_dir: cannot create %s: %s; create it, owned by authd's user, with mode "
                       "700",
                       directory, strerror(errno));
    }

    int fd = directory_lock(directory, err);

    if (fd < 0) {
        return false;
    }
    for (size_t i = 0; made && i < KINDS; i++) {
        made = kind_listed(&kinds[i], listed) || file_make(fd, &kinds[i]);
    }
    if (!made) {
        err_set(err, "key_dir: cannot make a key in %s: %s", directory, strerror(errno));
    }
    close(fd);
    return made;
}

/* ---- rotation ---- */

static const struct kind *kind_of(const char *name)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static size_t file_place(const struct file *file, const char *id)
{
    size_t place = 0;

    while (place < file->keys.count && strcmp(file->keys.keys[place].id, id) != 0) {
        place++;
    }
    return place;
}

/* Writes the keys of `file` in place of the file on the disk. */
static bool file_replace(const struct file *file, int directory, struct err *err)
{
    return file_put(directory, file->kind, &file->keys, 0) ||
           err_set(err, "key_dir: cannot write %s: %s", file->path, strerror(errno));
}

/* The last key that is not `known`; NULL: there is none. */
static const struct key *file_spare_key(const struct file *file, const struct key_names *known)
{
    for (size_t i = file->keys.count; i-- > 0;) {
        char name[KEY_NAME_MAX + 1];

        snprintf(name, sizeof(name), "%s %s", file->kind->name, file->keys.keys[i].id);
        if (!key_names_have(known, name)) {
            return &file->keys.keys[i];
        }
    }
    return NULL;
}

static bool file_prepare(struct file *file, int directory, const struct key_names *known,
                         char id[static KEY_ID_LENGTH + 1], struct err *err)
{
    const struct key *key = file_spare_key(file, known);

    if (key == NULL && file->keys.count == file->kind->max) {
        return err_set(err,
                       "%s has %zu keys already: remove the lines of the keys that no row needs, "
                       "see `smtp-authctl key list`",
                       file->path, file->keys.count);
    }
    if (key == NULL) {
        key_make(&file->keys);
        key = &file->keys.keys[file->keys.count - 1];
        if (!file_replace(file, directory, err)) {
            return false;
        }
    }
    memcpy(id, key->id, sizeof(key->id));
    return true;
}

bool key_files_prepare(const char *directory, const struct key_names *known, const char *kind,
                       char id[static KEY_ID_LENGTH + 1], struct err *err)
{
    struct file file = {.kind = kind_of(kind)};
    int fd = directory_lock(directory, err);
    bool prepared =
        fd >= 0 && file_load(&file, directory, fd, err) && file_prepare(&file, fd, known, id, err);

    secret_wipe(&file, sizeof(file));
    if (fd >= 0) {
        close(fd);
    }
    return prepared;
}

static bool file_promote(struct file *file, int directory, const char *id, struct err *err)
{
    size_t place = file_place(file, id);

    if (place == file->keys.count) {
        return err_set(err,
                       "key_dir: %s does not hold the key %s: copy it from the node that made it, "
                       "or restore it from a backup",
                       file->path, id);
    }
    key_set_promote(&file->keys, place);
    return place == 0 || file_replace(file, directory, err);
}

bool key_files_promote(const char *directory, const char *kind, const char *id, struct err *err)
{
    struct file file = {.kind = kind_of(kind)};
    int fd = directory_lock(directory, err);
    bool promoted =
        fd >= 0 && file_load(&file, directory, fd, err) && file_promote(&file, fd, id, err);

    secret_wipe(&file, sizeof(file));
    if (fd >= 0) {
        close(fd);
    }
    return promoted;
}

/* ---- the database's list ---- */

static void names_add(struct key_names *names, const struct kind *kind, const struct key *key)
{
    char name[KIND_MAX + 1 + KEY_ID_LENGTH];

    snprintf(name, sizeof(name), "%s %s", kind->name, key->id);
    key_names_add(names, name);
}

void key_files_names(const struct key_ring *ring, struct key_names *names)
{
    *names = (struct key_names){0};
    for (size_t i = 0; i < ring->peppers.count; i++) {
        names_add(names, &kinds[0], &ring->peppers.keys[i]);
    }
    for (size_t i = 0; i < ring->encryption.count; i++) {
        names_add(names, &kinds[1], &ring->encryption.keys[i]);
    }
    names_add(names, &kinds[2], &ring->audit);
}

/* Makes the current key of each kind the first of its file. */
static bool follow(struct key_list *list, const char *directory, struct err *err)
{
    char id[KEY_NAME_MAX + 1];

    for (size_t i = 0; i < KINDS; i++) {
        if (!key_list_current(list, kinds[i].name, id, err) ||
            !key_files_promote(directory, kinds[i].name, id, err)) {
            return false;
        }
    }
    return true;
}

bool key_files_register(const char *directory, const char *owner_url, struct key_ring *ring,
                        struct err *err)
{
    struct key_names names;
    struct key_list *list = key_list_open(owner_url, &names, err);
    bool done;

    if (list == NULL) {
        return false;
    }
    done = key_files_make(directory, &names, err) && key_files_load(directory, ring, err);
    if (done) {
        char *call = audit_call_own(&ring->audit, "key_forget", 0, SPAN_LITERAL(""));

        key_files_names(ring, &names);
        done = key_list_add(list, &names, call, err) && follow(list, directory, err) &&
               key_files_load(directory, ring, err);
        free(call);
    }
    key_list_close(list);
    return done;
}

void key_files_wipe(struct key_ring *ring)
{
    secret_wipe(ring, sizeof(*ring));
}
