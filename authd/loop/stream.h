/* A buffered non-blocking connection: bounded input, output written once at the end of the turn.
 *
 * Threats: a peer that sends without end (input_max bounds the input). A peer that never reads:
 * output beyond output_high stops reading from that peer, whose further input waits in the kernel,
 * so the peer can queue no more work. A peer that stops in the middle: the owner sets deadlines
 * with a timer of its own. */
#ifndef LOOP_STREAM_H
#define LOOP_STREAM_H

#include <event2/event_struct.h>

#include "base/buf.h"
#include "loop/loop.h"

struct stream;

struct stream_ops {
    /* Octets have arrived; `input` is all input not yet consumed. Returns how many octets were
     * consumed (0: more are needed). Called again at once while octets are consumed and some are
     * left. The callback may call stream_close(), after which its return value is ignored, but not
     * stream_finish(). */
    size_t (*input)(struct stream *stream, struct span input);
    /* The peer closed or stopped sending, an error occurred, or input_max octets arrived that
     * `input` did not consume. Called once, and never after stream_close(). The stream reads no
     * more. The owner either calls stream_finish(), now or later, or, if it has answers outstanding
     * and stream_answerable() is true, writes these and then calls stream_close(). */
    void (*gone)(struct stream *stream);
    /* Called after stream_close(), when all output is written or cannot be written. The owner calls
     * stream_finish(), now or later. */
    void (*closed)(struct stream *stream);
};

struct stream_limits {
    size_t input_max;   /* octets of unconsumed input, at most */
    size_t output_high; /* octets of unwritten output beyond which reading stops */
};

/* Embedded in a connection. All members but `ops` are private to stream.c. */
struct stream {
    const struct stream_ops *ops;
    struct loop *loop;
    struct stream_limits limits;
    int fd;
    bool closing;          /* stream_close() was called */
    bool reading_paused;   /* too much output waits: reading stops until it has drained */
    bool in_input;         /* the callback `input` is running */
    bool has_unread_input; /* at stream_close() some input had not been consumed */
    bool eof;              /* the stream reads no more */
    bool broken;           /* the stream can write no more */
    bool shut;             /* authd's end is shut down, the peer's is awaited */
    size_t discarded;      /* octets read and thrown away after stream_close() */
    struct buf input;
    struct buf output;
    struct event readable;
    struct event writable;
    struct event close_timer;
    struct loop_hook write_hook;
};

/* Starts reading. The stream owns `fd`, a non-blocking stream socket, from here on. */
void stream_init(struct stream *stream, struct loop *loop, int fd, const struct stream_ops *ops,
                 const struct stream_limits *limits);
/* Closes at once and wipes the buffers. The owner must not touch the stream afterwards. Among the
 * callbacks only `gone` and `closed` may call this; elsewhere the owner defers its own free. */
void stream_finish(struct stream *stream);

/* Queues a copy of `data`, which is written at the end of the turn. Does nothing after
 * stream_close(), or once writing to the peer has failed. */
void stream_write(struct stream *stream, struct span data);
/* Stops reading input, writes the queued output, then closes the connection. If the peer has sent
 * octets that were not read, its own close is awaited first, for at most a few seconds, so that the
 * peer sees EOF and not a reset; what the peer still sends is discarded. Then `closed` is called,
 * never from inside this call. */
void stream_close(struct stream *stream);

/* For use in and after `gone`. True: the peer only stopped sending and may still read. Over TCP a
 * full close looks the same, so that true is only an assumption there. */
bool stream_answerable(const struct stream *stream);

#endif
