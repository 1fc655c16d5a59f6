#include "audit/audit_heads.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/workers.h"

#define FILE_NAME  "audit-heads"
#define LINE_SIZE  (AUDIT_MAC_HEX + 32)
#define EVERY_MS   (10 * 60 * 1000)
#define ALLOWED_MS (60 * 1000) /* how long a job may wait for a worker */

struct audit_heads {
    char *path;
    struct workers *workers;
    struct audit_anchor anchor; // the newest end of the chain
    bool written;               // `anchor` is on the disk
    struct heads_job *job;      // writes an end; NULL: no job is under way
    int64_t next;               // clock_ms() from which the next end is written
};

struct heads_job {
    struct job job;
    int64_t number;
    char *path;
    char line[LINE_SIZE];
    int error; // errno; 0: written
};

/* ---- writing ------------------------------------------------------------------------------- */

static void line_print(const struct audit_anchor *anchor, char out[static LINE_SIZE])
{
    snprintf(out, LINE_SIZE, "%" PRId64 " %s\n", anchor->number, anchor->mac);
}

/* Returns 0 when the line is on the disk, else an errno. */
static int line_append(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t len = strlen(line);
    int error = 0;

    if (fd < 0) {
        return errno;
    }
    if (write(fd, line, len) != (ssize_t)len || fsync(fd) != 0) {
        error = errno != 0 ? errno : EIO;
    }
    close(fd);
    return error;
}

static void job_run(struct job *job)
{
    struct heads_job *mine = (struct heads_job *)job;

    mine->error = line_append(mine->path, mine->line);
}

static void report(const char *path, int error)
{
    if (error != 0) {
        log_message(LOG_ERROR, "audit-heads",
                    "%s: %s; the end of the audit is kept in the log only", path, strerror(error));
    }
}

static void job_done(struct job *job, void *owner)
{
    struct heads_job *mine = (struct heads_job *)job;
    struct audit_heads *heads = owner;

    heads->job = NULL;
    if (job->expired) {
        heads->next = 0; /* audit_heads_add() writes the next end at once */
        return;
    }
    report(mine->path, mine->error);
    heads->written = mine->error == 0 && mine->number == heads->anchor.number;
}

static void job_destroy(struct job *job)
{
    free(((struct heads_job *)job)->path);
    free(job);
}

/* On a worker, because the disk may be slow. */
static void heads_write(struct audit_heads *heads)
{
    struct heads_job *job = mem_new(struct heads_job);

    job->number = heads->anchor.number;
    job->path = mem_strdup(heads->path);
    line_print(&heads->anchor, job->line);
    job->job = (struct job){
        .run = job_run,
        .done = job_done,
        .destroy = job_destroy,
        .owner = heads,
        .deadline = clock_ms() + ALLOWED_MS,
        .fair_key = (uint64_t)(uintptr_t)heads,
    };
    if (!workers_submit(heads->workers, &job->job)) {
        job_destroy(&job->job); // the workers have no room: the next end is written instead
        return;
    }
    heads->job = job;
    heads->next = clock_ms() + EVERY_MS;
}

void audit_heads_add(struct audit_heads *heads, const struct audit_anchor *anchor)
{
    if (heads == NULL) {
        return;
    }
    heads->anchor = *anchor;
    heads->written = false;
    if (heads->job == NULL && clock_ms() >= heads->next) {
        heads_write(heads);
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

/* `last` gets the last valid line. */
static void heads_read(const char *path, struct audit_anchor *last)
{
    char text[4 * LINE_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    ssize_t len;

    if (fd < 0) {
        return;
    }
    if (fstat(fd, &status) != 0) {
        status.st_size = 0;
    }
    off_t from = status.st_size > (off_t)sizeof(text) ? status.st_size - (off_t)sizeof(text) : 0;

    len = pread(fd, text, sizeof(text), from);
    close(fd);
    for (const char *at = text, *end; len > 0 && (end = memchr(at, '\n', (size_t)len)) != NULL;) {
        struct audit_anchor anchor;

        if (audit_anchor_parse((struct span){at, (size_t)(end - at)}, &anchor)) {
            *last = anchor;
        }
        len -= end + 1 - at;
        at = end + 1;
    }
}

/* ---- life ---------------------------------------------------------------------------------- */

struct audit_heads *audit_heads_create(const char *state_dir, struct workers *workers,
                                       struct audit_anchor *last)
{
    struct audit_heads *heads;

    if (state_dir == NULL) {
        return NULL;
    }
    heads = mem_new(struct audit_heads);
    if (asprintf(&heads->path, "%s/" FILE_NAME, state_dir) < 0) {
        abort();
    }
    heads->workers = workers;
    heads->written = true;
    heads_read(heads->path, last);
    return heads;
}

void audit_heads_destroy(struct audit_heads *heads)
{
    char line[LINE_SIZE];

    if (heads == NULL) {
        return;
    }
    if (heads->job != NULL) {
        job_cancel(&heads->job->job);
    }
    if (!heads->written) {
        line_print(&heads->anchor, line);
        report(heads->path, line_append(heads->path, line));
    }
    free(heads->path);
    free(heads);
}
