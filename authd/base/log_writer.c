/* The log's ring and thread. Threat: a stopped reader of stderr (a paused terminal, a full journal)
 * must not delay a login. Only the log's thread waits for stderr; lines that do not fit in the ring
 * are dropped and counted. */
#include "base/log_writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define RING_SIZE       ((size_t)256 * 1024)
#define RING_URGENT     (RING_SIZE / 2) /* the thread writes at once from here on */
#define STOP_TIMEOUT_MS 1000
#define LINGER_MS       5 /* lines that arrive within this time are written together */

enum writer_state {
    WRITER_DIRECT,  /* there is no thread: the caller writes to stderr */
    WRITER_RUNNING, /* lines go into the ring, which the thread writes */
    WRITER_ENDING,  /* the thread writes the rest of the ring and ends */
    WRITER_DEAD,    /* stderr blocked for too long at the end: lines are dropped */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled; /* signalled when the thread has something to do */
    pthread_cond_t ended;  /* signalled when the thread is about to return */
    pthread_t thread;
    enum writer_state state;
    bool idle;   /* the thread waits without a timeout and needs a signal */
    size_t head; /* first octet to write */
    size_t used;
    uint64_t dropped;
    uint64_t unreported; /* dropped, but not yet in a "dropped" line */
    bool (*report)(uint64_t lost);
    char ring[RING_SIZE];
} writer = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .filled = PTHREAD_COND_INITIALIZER,
    .ended = PTHREAD_COND_INITIALIZER,
};

static void count_drop(void)
{
    writer.dropped++;
    writer.unreported++;
}

/* Returns the number of octets written, and waits for the reader as long as necessary. -1: stderr
 * has no reader any more. */
static ssize_t write_some(const struct iovec *parts, int count)
{
    for (;;) {
        ssize_t written = writev(STDERR_FILENO, parts, count);
        if (written >= 0 || (errno != EINTR && errno != EAGAIN)) {
            return written;
        }
        if (errno == EAGAIN) { /* another process that shares stderr made it non-blocking */
            poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
        }
    }
}

static void write_direct(const char *line, size_t len)
{
    while (len > 0) {
        ssize_t written = write_some(&(struct iovec){(void *)line, len}, 1);
        if (written < 0) {
            return;
        }
        line += written;
        len -= (size_t)written;
    }
}

static void ring_copy(const char *line, size_t len)
{
    size_t tail = (writer.head + writer.used) % RING_SIZE;
    size_t first = RING_SIZE - tail < len ? RING_SIZE - tail : len;
    memcpy(writer.ring + tail, line, first);
    memcpy(writer.ring, line + first, len - first);
    writer.used += len;
}

/* Call with the lock held; releases the lock while writing. Meanwhile producers touch only the free
 * part of the ring. */
static void ring_write(void)
{
    size_t used = writer.used;
    size_t first = RING_SIZE - writer.head < used ? RING_SIZE - writer.head : used;
    struct iovec parts[2] = {
        {writer.ring + writer.head, first},
        {writer.ring, used - first},
    };
    pthread_mutex_unlock(&writer.lock);

    ssize_t written = write_some(parts, 2);

    pthread_mutex_lock(&writer.lock);
    size_t done = written < 0 ? used : (size_t)written; /* stderr has no reader: drop the lines */
    writer.head = (writer.head + done) % RING_SIZE;
    writer.used -= done;
}

/* Call with the lock held; releases the lock while the line is made. */
static void report_drops(void)
{
    uint64_t lost = writer.unreported;
    writer.unreported = 0;
    pthread_mutex_unlock(&writer.lock);
    bool reported = writer.report(lost);
    pthread_mutex_lock(&writer.lock);
    if (!reported) {
        writer.dropped--; /* the line of the report itself does not count as lost */
        writer.unreported += lost - 1;
    }
}

static struct timespec monotonic_in(long ms)
{
    struct timespec when;

    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += ms / 1000;
    when.tv_nsec += ms % 1000 * 1000000;
    if (when.tv_nsec >= 1000000000) {
        when.tv_sec++;
        when.tv_nsec -= 1000000000;
    }
    return when;
}

/* Call with the lock held. Waking a thread costs a login more than copying the line does, so a
 * woken thread waits a little for the lines that follow. */
static void wait_for_lines(void)
{
    writer.idle = true;
    while (writer.used == 0 && writer.state == WRITER_RUNNING) {
        pthread_cond_wait(&writer.filled, &writer.lock);
    }
    writer.idle = false;
    if (writer.used < RING_URGENT && writer.state == WRITER_RUNNING) {
        struct timespec until = monotonic_in(LINGER_MS);
        pthread_cond_clockwait(&writer.filled, &writer.lock, CLOCK_MONOTONIC, &until);
    }
}

static void *writer_main(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&writer.lock);
    for (;;) {
        wait_for_lines();
        if (writer.used == 0) {
            break;
        }
        ring_write();
        if (writer.unreported > 0) {
            report_drops();
        }
    }
    if (writer.state == WRITER_ENDING) {
        writer.state = WRITER_DIRECT;
    }
    pthread_cond_signal(&writer.ended);
    pthread_mutex_unlock(&writer.lock);
    return NULL;
}

void log_writer_start(bool (*report)(uint64_t lost))
{
    sigset_t all;
    sigset_t before;

    writer.report = report;
    writer.head = 0;
    writer.used = 0;
    writer.state = WRITER_RUNNING;

    /* The event loop handles all signals. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&writer.thread, NULL, writer_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure != 0) {
        abort();
    }
}

void log_writer_stop(void)
{
    pthread_mutex_lock(&writer.lock);
    if (writer.state != WRITER_RUNNING) {
        pthread_mutex_unlock(&writer.lock);
        return;
    }
    writer.state = WRITER_ENDING;
    pthread_cond_signal(&writer.filled);

    struct timespec deadline = monotonic_in(STOP_TIMEOUT_MS);
    int failure = 0;
    while (writer.state == WRITER_ENDING && failure == 0) {
        failure = pthread_cond_clockwait(&writer.ended, &writer.lock, CLOCK_MONOTONIC, &deadline);
    }
    bool stuck = writer.state == WRITER_ENDING;
    if (stuck) {
        writer.state = WRITER_DEAD;
    }
    pthread_mutex_unlock(&writer.lock);

    if (stuck) {
        pthread_detach(writer.thread); /* the thread owns no resources and ends with the process */
    } else {
        pthread_join(writer.thread, NULL);
    }
}

bool log_writer_put(const char *line, size_t len)
{
    bool taken = true;

    pthread_mutex_lock(&writer.lock);
    switch (writer.state) {
    case WRITER_DIRECT:
        pthread_mutex_unlock(&writer.lock);
        write_direct(line, len);
        return true;
    case WRITER_RUNNING:
    case WRITER_ENDING:
        taken = RING_SIZE - writer.used >= len;
        if (taken) {
            bool urgent = writer.used < RING_URGENT && writer.used + len >= RING_URGENT;
            ring_copy(line, len);
            if (writer.idle || urgent) {
                writer.idle = false;
                pthread_cond_signal(&writer.filled);
            }
        }
        break;
    case WRITER_DEAD:
        taken = false;
        break;
    }
    if (!taken) {
        count_drop();
    }
    pthread_mutex_unlock(&writer.lock);
    return taken;
}

uint64_t log_writer_dropped(void)
{
    pthread_mutex_lock(&writer.lock);
    uint64_t dropped = writer.dropped;
    pthread_mutex_unlock(&writer.lock);
    return dropped;
}
