#include "store/cluster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/child_process.h"

#define OLDEST_MAJOR 15
#define PROGRAMS     "/usr/lib/postgresql"
#define SOCKET_NAME  "/.s.PGSQL.5432"
#define SOCKET_MAX   (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* Password hashes are parameters and columns, so the log contains neither the bind parameters nor
 * the DETAIL of an error. Paths are relative to data/, so that the state directory can be moved. */
static const char postgresql_conf[] =
    "# Written by authd at each start: put your own settings into\n"
    "# ../local.conf, which wins.\n"
    "listen_addresses = ''\n"
    "port = 5432\n"
    "unix_socket_directories = '../run'\n"
    "unix_socket_permissions = 0700\n"
    "max_connections = 50\n"
    "shared_buffers = 128MB\n"
    "fsync = on\n"
    "synchronous_commit = on\n"
    "full_page_writes = on\n"
    "jit = off\n"
    "timezone = 'UTC'\n"
    "log_timezone = 'UTC'\n"
    "log_line_prefix = '%m [%p] %u@%d '\n"
    "log_checkpoints = off\n"
    "log_error_verbosity = terse\n"
    "log_parameter_max_length = 0\n"
    "log_parameter_max_length_on_error = 0\n"
    "include_if_exists = '../local.conf'\n";

static const char pg_hba_conf[] = "# Written by authd at each start.\n"
                                  "local all all peer map=authd\n";

static bool make_directory(const char *path, struct err *err)
{
    struct stat found;

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return err_set(err, "cannot create %s: %s", path, strerror(errno));
    }
    if (lstat(path, &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != geteuid()) {
        return err_set(err, "%s must be a directory of the user that runs authd", path);
    }
    if ((found.st_mode & 0077) != 0 && chmod(path, 0700) != 0) {
        return err_set(err, "cannot make %s private: %s", path, strerror(errno));
    }
    return true;
}

/* The major version of an existing cluster; 0 if there is no cluster. */
static int data_major(const struct cluster *cluster)
{
    int major = 0;
    FILE *file = fopen(arena_printf(cluster->arena, "%s/PG_VERSION", cluster->data), "re");

    if (file != NULL) {
        if (fscanf(file, "%d", &major) != 1) {
            major = 0;
        }
        fclose(file);
    }
    return major;
}

static int newest_installed(void)
{
    glob_t found;
    int newest = 0;

    if (glob(PROGRAMS "/[0-9]*/bin/initdb", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            int major = atoi(found.gl_pathv[i] + sizeof PROGRAMS);
            newest = major > newest ? major : newest;
        }
        globfree(&found);
    }
    return newest;
}

static bool find_programs(struct cluster *cluster, struct err *err)
{
    int major = data_major(cluster);
    bool exists = major != 0;

    if (!exists) {
        major = newest_installed();
    }
    if (major < OLDEST_MAJOR) {
        return err_set(err, "no PostgreSQL %d or later in " PROGRAMS ": install package postgresql",
                       OLDEST_MAJOR);
    }
    cluster->initdb = arena_printf(cluster->arena, PROGRAMS "/%d/bin/initdb", major);
    cluster->pg_ctl = arena_printf(cluster->arena, PROGRAMS "/%d/bin/pg_ctl", major);
    if (access(cluster->pg_ctl, X_OK) != 0) {
        return err_set(err,
                       "%s is of PostgreSQL %d, but %s is missing: install package postgresql-%d",
                       cluster->data, major, cluster->pg_ctl, major);
    }
    return true;
}

static bool check_socket_path(const struct cluster *cluster, struct err *err)
{
    size_t length = strlen(cluster->run) + strlen(SOCKET_NAME);

    if (length > SOCKET_MAX) {
        return err_set(err,
                       "state_dir is too long: the database's socket %s" SOCKET_NAME
                       " would have %zu octets, a socket can have %zu: choose a shorter state_dir",
                       cluster->run, length, SOCKET_MAX);
    }
    if (strchr(cluster->run, ',') != NULL) {
        return err_set(err, "state_dir %s has a comma, at which libpq splits host names",
                       cluster->run);
    }
    return true;
}

/* The lock is held until cluster_close(); the kernel drops it when authd dies. */
static bool take_lock(struct cluster *cluster, struct err *err)
{
    cluster->lock = open(cluster->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cluster->lock < 0) {
        return err_set(err, "cannot open %s: %s", cluster->directory, strerror(errno));
    }
    if (flock(cluster->lock, LOCK_EX | LOCK_NB) != 0) {
        return err_set(err, "%s is in use by another authd: stop that one first",
                       cluster->directory);
    }
    return true;
}

bool cluster_open(struct cluster *cluster, const char *state_dir, struct err *err)
{
    *cluster = (struct cluster){.arena = arena_create(), .lock = -1};
    if (geteuid() == 0) {
        return err_set(err, "the embedded PostgreSQL cannot run as root: set `user` in the "
                            "configuration");
    }
    char *absolute = realpath(state_dir, NULL);
    if (absolute == NULL) {
        return err_set(err, "state_dir %s: %s", state_dir, strerror(errno));
    }
    cluster->directory = arena_printf(cluster->arena, "%s/postgresql", absolute);
    free(absolute);
    cluster->data = arena_printf(cluster->arena, "%s/data", cluster->directory);
    cluster->run = arena_printf(cluster->arena, "%s/run", cluster->directory);
    cluster->log = arena_printf(cluster->arena, "%s/log", cluster->directory);
    return check_socket_path(cluster, err) && make_directory(cluster->directory, err) &&
           take_lock(cluster, err) && make_directory(cluster->run, err) &&
           find_programs(cluster, err);
}

void cluster_close(struct cluster *cluster)
{
    if (cluster->lock >= 0) {
        close(cluster->lock);
    }
    arena_destroy(cluster->arena);
}

static int remove_entry(const char *path, const struct stat *found, int type, struct FTW *place)
{
    (void)found;
    (void)type;
    (void)place;
    return remove(path);
}

/* Removes the data.new-* that a killed initdb has left. An entry that cannot be removed does no
 * harm. */
static void remove_unfinished(const struct cluster *cluster)
{
    const char *slash = strrchr(cluster->data, '/');
    struct span parent = {cluster->data, (size_t)(slash - cluster->data)};
    const char *prefix = arena_printf(cluster->arena, "%s.new-", slash + 1);
    DIR *directory = opendir(arena_copy(cluster->arena, parent));
    struct dirent *entry;

    if (directory == NULL) {
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            nftw(
                arena_printf(cluster->arena, "%.*s/%s", (int)parent.len, parent.ptr, entry->d_name),
                remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        }
    }
    closedir(directory);
}

bool cluster_exists(const char *state_dir)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/postgresql/data", state_dir);

    return length < (int)sizeof(path) && access(path, F_OK) == 0;
}

bool cluster_create(struct cluster *cluster, struct err *err)
{
    struct child_process initdb;

    remove_unfinished(cluster);
    if (access(cluster->data, F_OK) == 0) {
        return true;
    }
    char *new = arena_printf(cluster->arena, "%s.new-XXXXXX", cluster->data);
    if (mkdtemp(new) == NULL) {
        return err_set(err, "cannot create %s: %s", new, strerror(errno));
    }
    const char *const argv[] = {cluster->initdb,
                                "--pgdata",
                                new,
                                "--username=postgres",
                                "--encoding=UTF8",
                                "--locale=C",
                                "--auth-local=peer",
                                "--auth-host=reject",
                                "--data-checksums",
                                "--no-instructions",
                                NULL};
    if (!child_process_start(&initdb, argv, err) || !child_process_finish(&initdb, err)) {
        remove_unfinished(cluster);
        return false;
    }
    if (rename(new, cluster->data) != 0 || fsync(cluster->lock) != 0) {
        return err_set(err, "cannot rename %s: %s", new, strerror(errno));
    }
    return true;
}

/* Replaces the file in one step: a reader sees the old file or the new one, both whole. */
static bool write_file(const struct cluster *cluster, const char *name, const char *text,
                       struct err *err)
{
    const char *path = arena_printf(cluster->arena, "%s/%s", cluster->data, name);
    const char *new = arena_printf(cluster->arena, "%s.new", path);
    size_t len = strlen(text);

    int file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
        return err_set(err, "cannot write %s: %s", new, strerror(errno));
    }
    bool ok = write(file, text, len) == (ssize_t)len && fsync(file) == 0;
    ok = close(file) == 0 && ok && rename(new, path) == 0;
    return ok || err_set(err, "cannot write %s: %s", path, strerror(errno));
}

bool cluster_configure(const struct cluster *cluster, struct err *err)
{
    const struct passwd *user = getpwuid(geteuid());

    if (user == NULL) {
        return err_set(err, "the user id %u has no name, which peer authentication needs",
                       (unsigned)geteuid());
    }
    const char *pg_ident_conf = arena_printf(cluster->arena,
                                             "# Written by authd at each start.\n"
                                             "authd \"%1$s\" postgres\n"
                                             "authd \"%1$s\" authd_owner\n"
                                             "authd \"%1$s\" authd_service\n",
                                             user->pw_name);
    return write_file(cluster, "postgresql.conf", postgresql_conf, err) &&
           write_file(cluster, "pg_hba.conf", pg_hba_conf, err) &&
           write_file(cluster, "pg_ident.conf", pg_ident_conf, err);
}

/* Whether the process `pid` is this cluster's server: after a reboot, another process may have the
 * number. A postmaster's working directory is its data directory; a zombie has none. */
static bool is_postmaster(const struct cluster *cluster, long pid)
{
    char link[64];
    struct stat cwd, data;

    snprintf(link, sizeof link, "/proc/%ld/cwd", pid);
    return pid > 0 && stat(link, &cwd) == 0 && stat(cluster->data, &data) == 0 &&
           cwd.st_dev == data.st_dev && cwd.st_ino == data.st_ino;
}

enum cluster_state cluster_state(const struct cluster *cluster)
{
    char path[SOCKET_MAX + 64];
    long pid = 0;

    snprintf(path, sizeof path, "%s/postmaster.pid", cluster->data);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return CLUSTER_STOPPED;
    }
    if (fscanf(file, "%ld", &pid) != 1) {
        pid = 0;
    }
    fclose(file);
    return is_postmaster(cluster, pid) ? CLUSTER_RUNNING : CLUSTER_CRASHED;
}

/* Escapes a value for a connection string (libpq, "Keyword/Value Connection Strings"). */
static const char *quote(const struct cluster *cluster, const char *value)
{
    char *quoted = arena_alloc(cluster->arena, 2 * strlen(value) + 1);
    char *out = quoted;

    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\') {
            *out++ = '\\';
        }
        *out++ = *value;
    }
    return quoted;
}

const char *cluster_url(const struct cluster *cluster, const char *database, const char *role)
{
    return arena_printf(cluster->arena, "host='%s' port=5432 dbname=%s user=%s connect_timeout=5",
                        quote(cluster, cluster->run), database, role);
}
