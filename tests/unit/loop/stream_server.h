/* A server on one stream and the client's end of it, for the tests of stream. */
#ifndef TESTS_UNIT_LOOP_STREAM_SERVER_H
#define TESTS_UNIT_LOOP_STREAM_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "loop/stream.h"

#define INPUT_MAX   1024
#define OUTPUT_HIGH 4096

/* A server that answers each line with `answer`. */
struct server {
    struct loop *loop;
    struct stream *stream; /* NULL once it is freed */
    int peer;              /* the client's end */
    const char *answer;
    size_t answer_length;
    int lines;
    int calls; /* how often `input` was called */
    int gone;
    int closed;
    bool answerable; /* as seen in `gone` */
    bool keep;       /* `gone` leaves the stream alone */
    bool close_after_line;
};

struct connection {
    struct stream stream;
    struct server *server;
};

static inline struct server *server_of(struct stream *stream)
{
    return ((struct connection *)stream)->server;
}

static inline void server_free_stream(struct server *server)
{
    stream_finish(server->stream);
    free(server->stream);
    server->stream = NULL;
}

static inline size_t server_input(struct stream *stream, struct span input)
{
    struct server *server = server_of(stream);
    server->calls++;
    const char *newline = memchr(input.ptr, '\n', input.len);
    if (!newline) {
        return 0;
    }
    server->lines++;
    stream_write(stream, (struct span){server->answer, server->answer_length});
    if (server->close_after_line) {
        stream_close(stream);
    }
    return (size_t)(newline - input.ptr) + 1;
}

static inline void server_gone(struct stream *stream)
{
    struct server *server = server_of(stream);
    server->gone++;
    server->answerable = stream_answerable(stream);
    if (!server->keep) {
        server_free_stream(server);
    }
}

static inline void server_closed(struct stream *stream)
{
    struct server *server = server_of(stream);
    server->closed++;
    server_free_stream(server);
}

static const struct stream_ops SERVER_OPS = {
    .input = server_input,
    .gone = server_gone,
    .closed = server_closed,
};

static inline void pair_unix(int type, int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static inline void pair_tcp(int fds[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[1], (struct sockaddr *)&address, length), 0);
    fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    assert_true(fds[0] >= 0);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    close(listener);
}

static inline struct server *server_make(const int fds[2], const char *answer)
{
    struct server *server = mem_new(struct server);
    struct connection *connection = mem_new(struct connection);
    connection->server = server;
    *server = (struct server){
        .loop = loop_create(),
        .stream = &connection->stream,
        .peer = fds[1],
        .answer = answer,
        .answer_length = strlen(answer),
    };
    stream_init(server->stream, server->loop, fds[0], &SERVER_OPS,
                &(struct stream_limits){.input_max = INPUT_MAX, .output_high = OUTPUT_HIGH});
    return server;
}

static inline struct server *server_unix(const char *answer)
{
    int fds[2];
    pair_unix(SOCK_STREAM, fds);
    return server_make(fds, answer);
}

static inline void server_end(struct server *server)
{
    if (server->stream) {
        server_free_stream(server);
    }
    if (server->peer >= 0) {
        close(server->peer);
    }
    loop_destroy(server->loop);
    free(server);
}

static inline void peer_send(struct server *server, const char *text)
{
    ssize_t length = (ssize_t)strlen(text);
    assert_int_equal(send(server->peer, text, (size_t)length, MSG_NOSIGNAL), length);
}

static inline void peer_leave(struct server *server)
{
    close(server->peer);
    server->peer = -1;
}

/* Checks the text that has arrived at the client. */
static inline void peer_expect(struct server *server, const char *text)
{
    char got[256] = "";
    ssize_t length = recv(server->peer, got, sizeof(got) - 1, 0);
    assert_int_equal(length, strlen(text));
    assert_string_equal(got, text);
}

static inline void peer_expect_eof(struct server *server)
{
    char octet;
    assert_int_equal(recv(server->peer, &octet, 1, 0), 0);
}

static inline void peer_expect_nothing(struct server *server)
{
    char octet;
    assert_int_equal(recv(server->peer, &octet, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
}

#endif
