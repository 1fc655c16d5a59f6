/* stream: peers that send one octet at a time, that never read, that leave, and others. */
#include "stream_server.h"

#include "until.h"

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
    assert_int_equal(server->gone, 0); /* one octet less is allowed */
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
    peer_send(server, "more\n"); /* reading was paused, and goes on now */
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
    assert_true(server->lines < sent); /* the other lines wait in the kernel */
    assert_true(server->stream->output.len <= OUTPUT_HIGH + 1000); /* the output stays bounded */
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
    /* An owner may answer although the peer is gone, and `gone` is not called again. */
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
    peer_leave(server); /* a stream that has paused reading notices only by writing, which raises no
                           SIGPIPE */
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
    /* A reset would destroy the answer that the peer has not read yet. */
    peer_send(server, "four\n");
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

/* Postfix connects again only after a failed write. */
static void test_close_of_an_idle_peer_is_final(void **state)
{
    (void)state;
    struct server *server = server_unix("");
    stream_write(server->stream, SPAN_LITERAL("answer"));
    stream_close(server->stream);
    loop_turns(server->loop, 3);
    assert_int_equal(server->closed, 1);
    peer_expect(server, "answer");
    peer_expect_eof(server);
    assert_int_equal(send(server->peer, "x", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EPIPE);
    server_end(server);
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
    peer_send(server, "half a line");
    loop_turns(server->loop, 2);
    stream_close(server->stream);
    loop_turns(server->loop, 3);
    assert_int_equal(server->closed, 0);
    loop_run_until(server->loop, is_closed, server);
    server_end(server);
}

static void test_close_does_not_read_for_ever(void **state)
{
    (void)state;
    struct server *server = server_unix("");
    char waste[4000] = "";
    peer_send(server, "half a line");
    loop_turns(server->loop, 2);
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
        cmocka_unit_test(test_partial_writes_lose_nothing),
        cmocka_unit_test(test_who_never_reads_is_not_read_from),
        cmocka_unit_test(test_choked_in_the_middle_of_the_input),
        cmocka_unit_test(test_too_much_output_gives_the_peer_up),
        cmocka_unit_test(test_the_peer_closes),
        cmocka_unit_test(test_the_peer_closes_with_a_request_outstanding),
        cmocka_unit_test(test_the_peer_stops_sending_and_gets_its_answer),
        cmocka_unit_test(test_the_peer_leaves_while_output_waits),
        cmocka_unit_test(test_close_is_seen_as_eof_not_as_reset),
        cmocka_unit_test(test_close_of_an_idle_peer_is_final),
        cmocka_unit_test(test_close_writes_what_is_queued),
        cmocka_unit_test(test_close_of_one_who_left),
        cmocka_unit_test(test_close_does_not_wait_for_ever),
        cmocka_unit_test(test_close_does_not_read_for_ever),
        cmocka_unit_test(test_finish_drops_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
