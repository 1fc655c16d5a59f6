/* See stream.h. The owner's callbacks may free the stream. So an event or a hook calls them last
 * and does not touch the stream afterwards. */
#include "loop/stream.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE 4096

/* How long stream_close() waits for the peer, and how much input it discards meanwhile. */
static const struct timeval CLOSE_TIME = {.tv_sec = 5};
#define DISCARD_MAX (1024 * 1024)

/* Octets that may be queued beyond output_high: the answers to all requests that one connection can
 * have outstanding. The connection of a peer that exceeds this is closed. */
#define OUTPUT_SLACK (1024 * 1024)

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Frees the wiped memory of an empty buffer: an idle connection costs no memory and keeps no
 * password. */
static void buf_release(struct buf *buf)
{
    size_t max = buf->max;
    buf_finish(buf);
    buf_init(buf, max);
}

static bool stream_takes_input(const struct stream *stream)
{
    return !stream->closing && !stream->reading_paused && !stream->eof;
}

/* Reads while input can be offered to the owner, or must be discarded. */
static void stream_watch(struct stream *stream)
{
    bool discards = stream->closing && !stream->eof;
    if (discards || stream_takes_input(stream)) {
        event_add(&stream->readable, NULL);
    } else {
        event_del(&stream->readable);
    }
}

/* Offers input that was held back, from the loop. */
static void stream_resume_input(struct stream *stream)
{
    stream_watch(stream);
    if (stream->input.len > 0 && stream_takes_input(stream)) {
        event_active(&stream->readable, EV_TIMEOUT, 0);
    }
}

/* The end of one direction or of both. The caller must not touch the stream afterwards. */
static void stream_end(struct stream *stream)
{
    stream->eof = true;
    event_del(&stream->readable);
    if (stream->closing) {
        event_del(&stream->writable);
        event_del(&stream->close_timer);
        loop_undefer(stream->loop, &stream->write_hook);
        stream->ops->closed(stream);
    } else {
        buf_release(&stream->input);
        stream->ops->gone(stream);
    }
}

/* ---- input ------------------------------------------------------------------------- */

static void stream_offer(struct stream *stream)
{
    size_t used = 0;
    stream->in_input = true;
    while (used < stream->input.len && stream_takes_input(stream)) {
        struct span rest = {stream->input.data + used, stream->input.len - used};
        size_t taken = stream->ops->input(stream, rest);
        if (taken == 0) {
            break;
        }
        used += taken;
    }
    stream->in_input = false;
    stream->has_unread_input = stream->closing && used < stream->input.len;
    if (stream->closing || used == stream->input.len) {
        buf_release(&stream->input);
    } else {
        buf_consume(&stream->input, used);
    }
}

/* True: the peer stopped sending, or sent more than the owner consumes. */
static bool stream_read(struct stream *stream)
{
    size_t room = stream->limits.input_max - stream->input.len;
    size_t size = room < READ_SIZE ? room : READ_SIZE;
    if (size == 0) {
        return true;
    }
    char *end = buf_reserve(&stream->input, size);
    ssize_t got = recv(stream->fd, end, size, MSG_DONTWAIT);
    if (got < 0) {
        stream->broken = !is_transient(errno);
        return stream->broken;
    }
    stream->input.len += (size_t)got;
    return got == 0;
}

/* Called after stream_close(). True: there is no reason to wait any longer. */
static bool stream_discard(struct stream *stream)
{
    char waste[READ_SIZE];
    ssize_t got = recv(stream->fd, waste, sizeof(waste), MSG_DONTWAIT);
    if (got < 0 && is_transient(errno)) {
        return false;
    }
    if (got > 0) {
        stream->discarded += (size_t)got;
        return stream->discarded > DISCARD_MAX;
    }
    stream->eof = true;
    stream_watch(stream);
    /* A peer that only stopped sending still gets the queued output. */
    return got < 0 || stream->shut;
}

static void stream_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct stream *stream = arg;
    if (stream->closing) {
        if (stream_discard(stream)) {
            stream_end(stream);
        }
        return;
    }
    bool end = (what & EV_READ) && stream_read(stream);
    if (!end) {
        stream_offer(stream);
        bool full = stream->input.len >= stream->limits.input_max;
        end = full && stream_takes_input(stream);
    }
    if (end) {
        stream_end(stream);
    }
}

/* ---- output ------------------------------------------------------------------------ */

/* True: the stream can write no more. */
static bool stream_send(struct stream *stream)
{
    struct buf *output = &stream->output;
    if (output->len == 0) {
        return false;
    }
    ssize_t sent = send(stream->fd, output->data, output->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && !is_transient(errno)) {
        return true;
    }
    if (sent == (ssize_t)output->len) {
        buf_release(output);
    } else {
        buf_consume(output, sent > 0 ? (size_t)sent : 0);
        event_add(&stream->writable, NULL);
    }
    return false;
}

/* Has the peer sent input that was not consumed? */
static bool has_untaken_input(const struct stream *stream)
{
    int unread = 0;
    return stream->has_unread_input || (ioctl(stream->fd, FIONREAD, &unread) == 0 && unread > 0);
}

/* The last step of stream_close(), when all output is written. A peer that is still sending would
 * get a reset, so its own close is awaited. In all other cases that wait would do harm: the next
 * write of the peer must fail, because that failure makes Postfix connect anew. */
static void stream_shut(struct stream *stream)
{
    if (stream->eof || stream->broken || !has_untaken_input(stream) ||
        shutdown(stream->fd, SHUT_WR) < 0) {
        stream_end(stream);
        return;
    }
    stream->shut = true;
}

static void stream_flush(struct stream *stream)
{
    if (!stream->broken && (stream->output.overflow || stream_send(stream))) {
        stream->broken = true;
    }
    if (stream->broken) {
        buf_release(&stream->output);
        if (!stream->eof) {
            stream_end(stream);
            return;
        }
    }
    if (stream->reading_paused && stream->output.len < stream->limits.output_high / 2) {
        stream->reading_paused = false;
        stream_resume_input(stream);
    }
    if (stream->closing && !stream->shut && stream->output.len == 0) {
        stream_shut(stream);
    }
}

static void stream_write_hook(void *arg)
{
    stream_flush(arg);
}

static void stream_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    stream_flush(arg);
}

void stream_write(struct stream *stream, struct span data)
{
    if (stream->closing || stream->broken) {
        return;
    }
    buf_append(&stream->output, data.ptr, data.len);
    if (!stream->reading_paused && stream->output.len > stream->limits.output_high) {
        stream->reading_paused = true;
        stream_watch(stream);
    }
    if (stream->output.overflow || !event_pending(&stream->writable, EV_WRITE, NULL)) {
        loop_defer(stream->loop, LOOP_WRITE, &stream->write_hook);
    }
}

/* ---- life -------------------------------------------------------------------------- */

static void stream_close_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    stream_end(arg);
}

void stream_init(struct stream *stream, struct loop *loop, int fd, const struct stream_ops *ops,
                 const struct stream_limits *limits)
{
    struct event_base *base = loop_base(loop);
    *stream = (struct stream){
        .ops = ops,
        .loop = loop,
        .limits = *limits,
        .fd = fd,
        .write_hook = {.run = stream_write_hook, .arg = stream},
    };
    buf_init(&stream->input, limits->input_max);
    buf_init(&stream->output, limits->output_high + OUTPUT_SLACK);
    event_assign(&stream->readable, base, fd, EV_READ | EV_PERSIST, stream_readable, stream);
    event_assign(&stream->writable, base, fd, EV_WRITE, stream_writable, stream);
    evtimer_assign(&stream->close_timer, base, stream_close_late, stream);
    stream_watch(stream);
}

void stream_finish(struct stream *stream)
{
    event_del(&stream->readable);
    event_del(&stream->writable);
    event_del(&stream->close_timer);
    loop_undefer(stream->loop, &stream->write_hook);
    close(stream->fd);
    stream->fd = -1;
    buf_finish(&stream->input);
    buf_finish(&stream->output);
}

void stream_close(struct stream *stream)
{
    if (stream->closing) {
        return;
    }
    stream->closing = true;
    if (!stream->in_input) {
        stream->has_unread_input = stream->input.len > 0;
        buf_release(&stream->input);
    }
    stream_watch(stream);
    evtimer_add(&stream->close_timer, &CLOSE_TIME);
    loop_defer(stream->loop, LOOP_WRITE, &stream->write_hook);
}

bool stream_answerable(const struct stream *stream)
{
    struct pollfd poll_fd = {.fd = stream->fd};
    return !stream->broken && poll(&poll_fd, 1, 0) == 0; /* neither POLLHUP nor POLLERR */
}
