/* A buffered non-blocking connection: bounded input, output written once at the end of the turn.
 *
 * Threats: a peer that sends without end (input_max), that never reads (output beyond output_high
 * stops reading from it, so it can queue no more work; its input then waits in the kernel), that
 * stops in the middle (deadlines are the owner's business, by its own timer).
 */
#ifndef LOOP_STREAM_H
#define LOOP_STREAM_H

#include <event2/event_struct.h>

#include "base/buf.h"
#include "loop/loop.h"

struct stream;

struct stream_ops {
    /* Octets have arrived; `input` is everything not yet consumed. Returns how many octets it took
     * (0: needs more). Called again at once while it takes some and some are left. It may call
     * stream_close(), after which the return value does not matter, but not stream_finish(). */
    size_t (*input)(struct stream *stream, struct span input);
    /* The peer closed or stopped sending, an error came, or input_max octets came that `input` did
     * not take. Called once, and not after stream_close(). Nothing more is read. The owner gives
     * the stream up: it calls stream_finish(), now or later; or, with answers outstanding and
     * stream_answerable(), goes on writing them and then calls stream_close(). */
    void (*gone)(struct stream *stream);
    /* After stream_close(): everything is written (or cannot be). The owner calls stream_finish(),
     * now or later. */
    void (*closed)(struct stream *stream);
};

struct stream_limits {
    size_t input_max;
    size_t output_high; /* beyond this much unread output, reading stops */
};

/* Embedded in a connection. Fields are private to stream.c, but `ops`. */
struct stream {
    const struct stream_ops *ops;
    struct loop *loop;
    struct stream_limits limits;
    int fd;
    bool closing;  /* stream_close() was called */
    bool choked;   /* too much output waits: no input until it has drained */
    bool in_input; /* `input` is on the stack */
    bool untaken;  /* closing: there was input that nobody took */
    bool eof;      /* nothing more is to be read */
    bool broken;   /* nothing more can be written */
    bool shut;     /* our end is shut down, the peer's is awaited */
    size_t discarded;
    struct buf input;
    struct buf output;
    struct event readable;
    struct event writable;
    struct event close_timer;
    struct loop_hook write_hook;
};

/* Takes the descriptor (a non-blocking stream socket) and starts reading. */
void stream_init(struct stream *stream, struct loop *loop, int fd, const struct stream_ops *ops,
                 const struct stream_limits *limits);
/* Closes at once, wipes the buffers. The owner must not touch the stream afterwards; safe from
 * inside any of its callbacks only through `gone` and `closed` (defer your own free otherwise). */
void stream_finish(struct stream *stream);

/* Queued; written at the end of the turn. Nothing happens after stream_close() and once the peer
 * cannot be written to. */
void stream_write(struct stream *stream, struct span data);
/* No more input; what is queued is written, then the connection is closed. If the peer has sent
 * what was not read, its own close is awaited first, for at most a few seconds, so that it sees
 * EOF, not a reset; what it still sends is discarded. Then `closed` is called (never from inside
 * this call). */
void stream_close(struct stream *stream);

/* In and after `gone`: the peer only stopped sending and may still read. Over TCP that looks the
 * same as a full close, and is assumed. */
bool stream_answerable(const struct stream *stream);

#endif
