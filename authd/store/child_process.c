#include "store/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Messages are in English whatever the administrator's locale; PG* variables of authd's own
 * environment have no effect. */
static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL};

static int spawn(pid_t *pid, const char *const *argv, int output)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all, none;

    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);

    int error = posix_spawn(pid, argv[0], &files, &attributes, (char *const *)argv,
                            (char *const *)environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return error;
}

bool child_process_start(struct child_process *program, const char *const *argv, struct err *err)
{
    *program =
        (struct child_process){.name = argv[0], .output = memfd_create("output", MFD_CLOEXEC)};
    if (program->output < 0) {
        return err_set(err, "cannot run %s: %s", argv[0], strerror(errno));
    }
    int error = spawn(&program->pid, argv, program->output);
    if (error != 0) {
        close(program->output);
        program->pid = 0;
        return err_set(err, "cannot run %s: %s", argv[0], strerror(error));
    }
    return true;
}

bool child_process_running(struct child_process *program)
{
    if (program->pid != 0 && waitpid(program->pid, &program->status, WNOHANG) == program->pid) {
        program->pid = 0;
    }
    return program->pid != 0;
}

/* Reports the end of the program's output, where its last and most useful message is. */
static bool report_failure(const struct child_process *program, struct err *err)
{
    char text[384];
    struct stat output;
    off_t start = 0;

    if (fstat(program->output, &output) == 0 && output.st_size > (off_t)sizeof text - 1) {
        start = output.st_size - ((off_t)sizeof text - 1);
    }
    ssize_t got = pread(program->output, text, sizeof text - 1, start);
    while (got > 0 && text[got - 1] == '\n') {
        got--;
    }
    text[got > 0 ? got : 0] = '\0';
    return err_set(err, "%s failed: %s", program->name,
                   text[0] != '\0' ? text : "it printed no reason");
}

bool child_process_finish(struct child_process *program, struct err *err)
{
    while (program->pid != 0) {
        if (waitpid(program->pid, &program->status, 0) == program->pid) {
            program->pid = 0;
        } else if (errno != EINTR) {
            program->pid = 0;
            program->status = -1; /* reaped elsewhere: the status is unknown */
        }
    }
    bool ok = WIFEXITED(program->status) && WEXITSTATUS(program->status) == 0;
    if (!ok) {
        report_failure(program, err);
    }
    close(program->output);
    return ok;
}
