/* stream: what a peer can do to a connection, from one octet at a time to never reading. */
#include "until.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
    int calls; /* of `input` */
    int gone;
    int closed;
    bool answerable; /* as seen in `gone` */
    bool keep;       /* `gone` leaves the stream alone */
    bool close_after_line;
    bool pause_after_line;
};

struct connection {
    struct stream stream;
    struct server *server;
};

static struct server *server_of(struct stream *stream)
{
    return ((struct connection *)stream)->server;
}

static void server_free_stream(struct server *server)
{
    stream_finish(server->stream);
    free(server->stream);
    server->stream = NULL;
}

static size_t server_input(struct stream *stream, struct span input)
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
    if (server->pause_after_line) {
        stream_pause(stream);
    }
    return (size_t)(newline - input.ptr) + 1;
}

static void server_gone(struct stream *stream)
{
    struct server *server = server_of(stream);
    server->gone++;
    server->answerable = stream_answerable(stream);
    if (!server->keep) {
        server_free_stream(server);
    }
}

static void server_closed(struct stream *stream)
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

static void pair_unix(int type, int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static void pair_tcp(int fds[2])
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

static struct server *server_make(const int fds[2], const char *answer)
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

static struct server *server_unix(const char *answer)
{
    int fds[2];
    pair_unix(SOCK_STREAM, fds);
    return server_make(fds, answer);
}

static void server_end(struct server *server)
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

static void peer_send(struct server *server, const char *text)
{
    ssize_t length = (ssize_t)strlen(text);
    assert_int_equal(send(server->peer, text, (size_t)length, MSG_NOSIGNAL), length);
}

static void peer_leave(struct server *server)
{
    close(server->peer);
    server->peer = -1;
}

/* What has arrived at the client, as text; an error or EOF where that is expected instead. */
static void peer_expect(struct server *server, const char *text)
{
    char got[256] = "";
    ssize_t length = recv(server->peer, got, sizeof(got) - 1, 0);
    assert_int_equal(length, strlen(text));
    assert_string_equal(got, text);
}

static void peer_expect_eof(struct server *server)
{
    char octet;
    assert_int_equal(recv(server->peer, &octet, 1, 0), 0);
}

static void peer_expect_nothing(struct server *server)
{
    char octet;
    assert_int_equal(recv(server->peer, &octet, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
}

/* ---- input ------------------------------------------------------------------------- */

static void test_one_octet_at_a_time(void **state)
{
    (void)state;
    struct server *server = server_unix("ok\n");
    const char *text = "one\ntwo\n";
    for (const char *at = text; *at; at++) {
        peer_send(server, (char[]){*at, '\0'});
        loop_turns(server->loop, 1);
        assert_int_equal(server->lines, (at - text + 1) / 4);
    }
    peer_expect(server, "ok\nok\n");
    server_end(server);
}

static void test_what_comes_together_is_answered_by_one_write(void **state)
{
    (void)state;
    int fds[2];
    pair_unix(SOCK_SEQPACKET, fds); /* a packet per write */
    struct server *server = server_make(fds, "ok\n");
    peer_send(server, "one\ntwo\nthree\nfo");
    loop_turns(server->loop, 1);
    assert_int_equal(server->lines, 3);
    assert_int_equal(server->calls, 4);
    peer_expect(server, "ok\nok\nok\n");
    peer_expect_nothing(server);
    server_end(server);
}

static void test_a_line_of_input_max_is_too_much(void **state)
{
    (void)state;
    struct server *server = server_unix("ok\n");
    char text[INPUT_MAX + 1];
    memset(text, 'x', INPUT_MAX);
    text[INPUT_MAX] = '\0';
    text[INPUT_MAX - 1] = '\0';
    peer_send(server, text);
    loop_turns(server->loop, 3);
    assert_int_equal(server->gone, 0); /* one less is not */
    peer_send(server, "x");
    loop_turns(server->loop, 3);
    assert_int_equal(server->gone, 1);
    server_end(server);
}

static void test_more_than_input_max_in_many_lines_is_not(void **state)
{
    (void)state;
    struct server *server = server_unix("");
    char line[102];
    memset(line, 'x', 100);
    memcpy(line + 100, "\n", 2);
    for (int i = 0; i < 50; i++) {
        peer_send(server, line);
    }
    loop_turns(server->loop, 10);
    assert_int_equal(server->lines, 50);
    assert_int_equal(server->gone, 0);
    server_end(server);
}

static void test_pause_holds_input_back(void **state)
{
    (void)state;
    struct server *server = server_unix("ok\n");
    server->pause_after_line = true;
    peer_send(server, "one\ntwo\n");
    loop_turns(server->loop, 3);
    assert_int_equal(server->lines, 1);
    peer_send(server, "three\n");
    loop_turns(server->loop, 3);
    assert_int_equal(server->lines, 1);
    stream_resume(server->stream);
    assert_int_equal(server->lines, 1); /* not from inside the call */
    loop_turns(server->loop, 1);
    assert_int_equal(server->lines, 2); /* what was left in the buffer */
    server->pause_after_line = false;
    stream_resume(server->stream);
    loop_turns(server->loop, 2);
    assert_int_equal(server->lines, 3);
    server_end(server);
}

static void test_paused_again_before_the_turn(void **state)
{
    (void)state;
    struct server *server = server_unix("ok\n");
    server->pause_after_line = true;
    peer_send(server, "one\ntwo\n");
    loop_turns(server->loop, 1);
    stream_resume(server->stream);
    stream_pause(server->stream);
    loop_turns(server->loop, 3);
    assert_int_equal(server->lines, 1);
    server_end(server);
}

/* ---- output ------------------------------------------------------------------------ */

static char *pattern_make(size_t length)
{
    char *pattern = mem_calloc(1, length + 1);
    for (size_t i = 0; i < length; i++) {
        pattern[i] = (char)('a' + i * 7 % 26);
    }
    return pattern;
}

/* Reads `total` octets of repeated `pattern` while the server goes on writing. */
static void peer_expect_pattern(struct server *server, const char *pattern, size_t total)
{
    size_t period = strlen(pattern);
    char got[1000];
    for (size_t at = 0; at < total;) {
        ssize_t length = recv(server->peer, got, sizeof(got), 0);
        if (length < 0) {
            assert_int_equal(errno, EAGAIN);
            loop_turns(server->loop, 1);
            continue;
        }
        assert_true(length > 0);
        for (ssize_t i = 0; i < length; i++, at++) {
            assert_int_equal(got[i], pattern[at % period]);
        }
    }
}

static void test_partial_writes_lose_nothing(void **state)
{
    (void)state;
    char *pattern = pattern_make(700 * 1000); /* more than a socket buffer */
    struct server *server = server_unix(pattern);
    peer_send(server, "go\n");
    loop_turns(server->loop, 3);
    assert_true(server->stream->output.len > 0);
    peer_expect_pattern(server, pattern, server->answer_length);
    peer_expect_nothing(server);
    peer_send(server, "more\n"); /* it was choked, and reads again */
    loop_turns(server->loop, 3);
    assert_int_equal(server->lines, 2);
    server_end(server);
    free(pattern);
}

static void test_who_never_reads_is_not_read_from(void **state)
{
    (void)state;
    char *pattern = pattern_make(1000);
    struct server *server = server_unix(pattern);
    int small = 4096;
    setsockopt(server->stream->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    int sent = 0;
    while (send(server->peer, "request\n", 8, MSG_NOSIGNAL) == 8) {
        sent++;
        loop_turns(server->loop, 1);
    }
    loop_turns(server->loop, 10);
    assert_true(server->lines < sent); /* the rest waits in the kernel, */
    assert_true(server->stream->output.len <= OUTPUT_HIGH + 1000); /* not here */
    assert_int_equal(server->gone, 0);
    peer_expect_pattern(server, pattern, (size_t)sent * 1000);
    assert_int_equal(server->lines, sent);
    server_end(server);
    free(pattern);
}

static void test_choked_in_the_middle_of_the_input(void **state)
{
    (void)state;
    char *pattern = pattern_make(OUTPUT_HIGH + 1);
    struct server *server = server_unix(pattern);
    peer_send(server, "one\ntwo\nthree\n");
    loop_turns(server->loop, 1);
    assert_int_equal(server->lines, 1);
    loop_turns(server->loop, 4);
    assert_int_equal(server->lines, 3);
    peer_expect_pattern(server, pattern, 3 * (OUTPUT_HIGH + 1));
    server_end(server);
    free(pattern);
}

static void test_too_much_output_gives_the_peer_up(void **state)
{
    (void)state;
    char *pattern = pattern_make(600 * 1000);
    struct server *server = server_unix("");
    struct span data = {pattern, 600 * 1000};
    stream_write(server->stream, data);
    stream_write(server->stream, data);
    assert_int_equal(server->gone, 0); /* never from inside stream_write() */
    loop_turns(server->loop, 2);
    assert_int_equal(server->gone, 1);
    server_end(server);
    free(pattern);
}

/* ---- the peer leaves --------------------------------------------------------------- */

static void test_the_peer_closes(void **state)
{
    (void)state;
    struct server *server = server_unix("ok\n");
    peer_send(server, "half a li");
    peer_leave(server);
    loop_turns(server->loop, 3);
    assert_int_equal(server->gone, 1);
    assert_false(server->answerable);
    server_end(server);
}

static void test_the_peer_closes_with_a_request_outstanding(void **state)
{
    (void)state;
    struct server *server = server_unix("");
    server->keep = true;
    peer_send(server, "request\n");
    loop_turns(server->loop, 1);
    peer_leave(server);
    loop_turns(server->loop, 3);
    assert_int_equal(server->gone, 1);
    assert_false(server->answerable);
    /* An owner that answers all the same does no harm, and gets no second call. */
    stream_write(server->stream, SPAN_LITERAL("ok\n"));
    loop_turns(server->loop, 2);
    stream_write(server->stream, SPAN_LITERAL("ok\n"));
    loop_turns(server->loop, 2);
    assert_int_equal(server->gone, 1);
    stream_close(server->stream);
    loop_turns(server->loop, 2);
    assert_int_equal(server->closed, 1);
    server_end(server);
}

static void half_close(int fds[2])
{
    struct server *server = server_make(fds, "");
    server->keep = true;
    peer_send(server, "request\n");
    shutdown(server->peer, SHUT_WR);
    loop_turns(server->loop, 3);
    assert_int_equal(server->lines, 1);
    assert_int_equal(server->gone, 1);
    assert_true(server->answerable);
    stream_write(server->stream, SPAN_LITERAL("answer"));
    stream_close(server->stream);
    loop_turns(server->loop, 3);
    assert_int_equal(server->closed, 1);
    assert_int_equal(server->gone, 1);
    peer_expect(server, "answer");
    peer_expect_eof(server);
    server_end(server);
}

static void test_the_peer_stops_sending_and_gets_its_answer(void **state)
{
    (void)state;
    int fds[2];
    pair_unix(SOCK_STREAM, fds);
    half_close(fds);
    pair_tcp(fds);
    half_close(fds);
}

static void test_the_peer_leaves_while_output_waits(void **state)
{
    (void)state;
    char *pattern = pattern_make(700 * 1000);
    struct server *server = server_unix(pattern);
    peer_send(server, "go\n");
    loop_turns(server->loop, 3);
    peer_leave(server); /* it is choked: only writing can tell, and raises no SIGPIPE */
    loop_turns(server->loop, 3);
    assert_int_equal(server->gone, 1);
    server_end(server);
    free(pattern);
}

/* ---- stream_close() ---------------------------------------------------------------- */

static void close_with_input_unread(int fds[2])
{
    struct server *server = server_make(fds, "bye\n");
    server->close_after_line = true;
    peer_send(server, "one\ntwo\nthree\n");
    loop_turns(server->loop, 3);
    assert_int_equal(server->lines, 1);
    peer_send(server, "four\n"); /* a reset would destroy the answer not yet read */
    loop_turns(server->loop, 3);
    assert_int_equal(server->closed, 0);
    peer_expect(server, "bye\n");
    peer_expect_eof(server);
    peer_leave(server);
    loop_turns(server->loop, 3);
    assert_int_equal(server->closed, 1);
    assert_int_equal(server->gone, 0);
    server_end(server);
}

static void test_close_is_seen_as_eof_not_as_reset(void **state)
{
    (void)state;
    int fds[2];
    pair_unix(SOCK_STREAM, fds);
    close_with_input_unread(fds);
    pair_tcp(fds);
    close_with_input_unread(fds);
}

static void test_close_writes_what_is_queued(void **state)
{
    (void)state;
    char *pattern = pattern_make(700 * 1000);
    struct server *server = server_unix("");
    stream_write(server->stream, (struct span){pattern, 700 * 1000});
    stream_close(server->stream);
    stream_close(server->stream);
    stream_write(server->stream, SPAN_LITERAL("too late"));
    loop_turns(server->loop, 3);
    assert_int_equal(server->closed, 0);
    peer_expect_pattern(server, pattern, 700 * 1000);
    loop_turns(server->loop, 1);
    peer_expect_eof(server);
    shutdown(server->peer, SHUT_WR);
    loop_turns(server->loop, 2);
    assert_int_equal(server->closed, 1);
    server_end(server);
    free(pattern);
}

static void test_close_of_one_who_left(void **state)
{
    (void)state;
    struct server *server = server_unix("");
    stream_write(server->stream, SPAN_LITERAL("answer"));
    stream_close(server->stream);
    peer_leave(server);
    assert_int_equal(server->closed, 0); /* not from inside the call */
    loop_turns(server->loop, 3);
    assert_int_equal(server->closed, 1);
    server_end(server);
}

static bool is_closed(void *arg)
{
    return ((struct server *)arg)->closed;
}

static void test_close_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct server *server = server_unix("");
    stream_close(server->stream);
    loop_run_until(server->loop, is_closed, server);
    server_end(server);
}

static void test_close_does_not_read_for_ever(void **state)
{
    (void)state;
    struct server *server = server_unix("");
    char waste[4000] = "";
    stream_close(server->stream);
    for (int i = 0; i < 1000 && !server->closed; i++) {
        send(server->peer, waste, sizeof(waste), MSG_NOSIGNAL);
        loop_turns(server->loop, 1);
    }
    assert_int_equal(server->closed, 1);
    server_end(server);
}

static void test_finish_drops_everything(void **state)
{
    (void)state;
    struct server *server = server_unix("ok\n");
    peer_send(server, "one\n");
    stream_write(server->stream, SPAN_LITERAL("queued"));
    stream_resume(server->stream);
    server_free_stream(server);
    loop_turns(server->loop, 3);
    assert_int_equal(server->lines + server->gone + server->closed, 0);
    server_end(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_octet_at_a_time),
        cmocka_unit_test(test_what_comes_together_is_answered_by_one_write),
        cmocka_unit_test(test_a_line_of_input_max_is_too_much),
        cmocka_unit_test(test_more_than_input_max_in_many_lines_is_not),
        cmocka_unit_test(test_pause_holds_input_back),
        cmocka_unit_test(test_paused_again_before_the_turn),
        cmocka_unit_test(test_partial_writes_lose_nothing),
        cmocka_unit_test(test_who_never_reads_is_not_read_from),
        cmocka_unit_test(test_choked_in_the_middle_of_the_input),
        cmocka_unit_test(test_too_much_output_gives_the_peer_up),
        cmocka_unit_test(test_the_peer_closes),
        cmocka_unit_test(test_the_peer_closes_with_a_request_outstanding),
        cmocka_unit_test(test_the_peer_stops_sending_and_gets_its_answer),
        cmocka_unit_test(test_the_peer_leaves_while_output_waits),
        cmocka_unit_test(test_close_is_seen_as_eof_not_as_reset),
        cmocka_unit_test(test_close_writes_what_is_queued),
        cmocka_unit_test(test_close_of_one_who_left),
        cmocka_unit_test(test_close_does_not_wait_for_ever),
        cmocka_unit_test(test_close_does_not_read_for_ever),
        cmocka_unit_test(test_finish_drops_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
