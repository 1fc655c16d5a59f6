#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/framing.h"

#define HEAD    "POST /things HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

struct result {
    enum framing_state state;
    enum problem_type problem;
    size_t length; /* of the request, with what was skipped before it */
};

/* Reads octets that arrive in pieces of `piece`. */
static struct result read_in_pieces(struct span octets, size_t piece)
{
    struct framing framing = {0};
    size_t arrived = 0, length = 0;

    while (arrived < octets.len && framing.state < FRAMING_WHOLE) {
        arrived = arrived + piece < octets.len ? arrived + piece : octets.len;
        if (framing_in_head(&framing)) {
            length = framing_head(&framing, (struct span){octets.ptr, arrived});
        }
        if (!framing_in_head(&framing) && framing.state < FRAMING_WHOLE) {
            length += framing_body(&framing, (struct span){octets.ptr + length, arrived - length});
        }
    }
    return (struct result){framing.state, framing.problem, length};
}

static struct result read_all(struct span octets)
{
    struct result result = read_in_pieces(octets, octets.len);

    for (size_t piece = 1; piece < 4; piece++) {
        struct result other = read_in_pieces(octets, piece);

        assert_int_equal(other.state, result.state);
        assert_int_equal(other.problem, result.problem);
        assert_int_equal(other.length, result.length);
    }
    return result;
}

static void test_whole(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost:\r\nX: \t \xff\tb \r\n\r\n",
        HEAD "Content-Length: 0\r\n\r\n",
        HEAD "content-length:4\r\n\r\n\r\n\n\r",
        CHUNKED "0\r\n\r\n",
        CHUNKED "3\r\nabc\r\n00000a\r\n0\r\n\r\n89abc\r\n000000\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        char both[256];
        struct result result = read_all(span_of(requests[i]));

        assert_int_equal(result.state, FRAMING_WHOLE);
        assert_int_equal(result.length, strlen(requests[i]));
        /* What follows belongs to the next request. */
        snprintf(both, sizeof(both), "%s0\r\n\r\nGET", requests[i]);
        result = read_all(span_of(both));
        assert_int_equal(result.state, FRAMING_WHOLE);
        assert_int_equal(result.length, strlen(requests[i]));
    }
}

/* A beginning of a request is neither whole nor refused. */
static void test_unfinished(void **state)
{
    static const char request[] = "\r\n" CHUNKED "3\r\nabc\r\n0\r\n\r\n";

    (void)state;
    for (size_t len = 1; len < sizeof(request) - 1; len++) {
        assert_in_range(read_all((struct span){request, len}).state, 0, FRAMING_WHOLE - 1);
    }
}

#define REFUSED(text, problem)                                                                     \
    {                                                                                              \
        SPAN_LITERAL(text), PROBLEM_##problem                                                      \
    }

static void test_refused(void **state)
{
    static const struct {
        struct span octets;
        enum problem_type problem;
    } cases[] = {
        REFUSED("\r\n\r\n", BAD_REQUEST),
        REFUSED("\n", BAD_REQUEST),
        REFUSED("\r\r", BAD_REQUEST),
        REFUSED("\0", BAD_REQUEST),
        REFUSED("GET /\0 HTTP/1.1\r\n", BAD_REQUEST),
        REFUSED("GET / HTTP/1.1\n", BAD_REQUEST),
        REFUSED("GET  / HTTP/1.1\r\n", BAD_REQUEST),
        REFUSED("GET / HTTP/1.1 \r\n", BAD_REQUEST),
        REFUSED("GET\t/ HTTP/1.1\r\n", BAD_REQUEST),
        REFUSED("GET /\r\n", BAD_REQUEST),
        REFUSED("GET\r\n", BAD_REQUEST),
        REFUSED(" / HTTP/1.1\r\n", BAD_REQUEST),
        REFUSED("GET /\x7f HTTP/1.1\r\n", BAD_REQUEST),
        REFUSED("GET /\xe4 HTTP/1.1\r\n", BAD_REQUEST),
        REFUSED("GET / HTTP/1.10\r\n", BAD_REQUEST),
        REFUSED("GET / HTTP/x.1\r\n", BAD_REQUEST),
        REFUSED("GET / HTTP/1.2\r\n", VERSION_NOT_SUPPORTED),
        REFUSED("GET / HTTP/0.9\r\n", VERSION_NOT_SUPPORTED),
        REFUSED("PRI * HTTP/2.0\r\n", VERSION_NOT_SUPPORTED),
        REFUSED("GET / HTTP/1.1\r\n\r\n", BAD_REQUEST),
        REFUSED("GET / HTTP/1.1\r\n Host: a\r\n", BAD_REQUEST),
        REFUSED(HEAD " b\r\n", BAD_REQUEST),
        REFUSED(HEAD "\tb\r\n", BAD_REQUEST),
        REFUSED(HEAD "b\r\n", BAD_REQUEST),
        REFUSED(HEAD ": b\r\n", BAD_REQUEST),
        REFUSED(HEAD "b : b\r\n", BAD_REQUEST),
        REFUSED(HEAD "b: b\rb\r\n", BAD_REQUEST),
        REFUSED(HEAD "b: b\nb: b\r\n", BAD_REQUEST),
        REFUSED(HEAD "b: \0\r\n", BAD_REQUEST),
        REFUSED(HEAD "b: \x1f\r\n", BAD_REQUEST),
        REFUSED(HEAD "Host: b\r\n\r\n", BAD_REQUEST),
        REFUSED(HEAD "Content-Length: 2, 2\r\n", BAD_REQUEST),
        REFUSED(HEAD "Content-Length: 2 \r\n", BAD_REQUEST),
        REFUSED(HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\n", BAD_REQUEST),
        REFUSED(HEAD "Content-Length: 1000000000000000000\r\n\r\n", TOO_LARGE),
        REFUSED(HEAD "Transfer-Encoding: gzip\r\n", BAD_REQUEST),
        REFUSED(HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", BAD_REQUEST),
        REFUSED("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", BAD_REQUEST),
        REFUSED(CHUNKED "\r\n", BAD_REQUEST),
        REFUSED(CHUNKED "x", BAD_REQUEST),
        REFUSED(CHUNKED "1;", BAD_REQUEST),
        REFUSED(CHUNKED "1 ", BAD_REQUEST),
        REFUSED(CHUNKED "+", BAD_REQUEST),
        REFUSED(CHUNKED "0x", BAD_REQUEST),
        REFUSED(CHUNKED "1\n", BAD_REQUEST),
        REFUSED(CHUNKED "1\ra", BAD_REQUEST),
        REFUSED(CHUNKED "0000001", BAD_REQUEST),
        REFUSED(CHUNKED "1\r\nab", BAD_REQUEST),
        REFUSED(CHUNKED "1\r\na\n", BAD_REQUEST),
        REFUSED(CHUNKED "1\r\na\rb", BAD_REQUEST),
        REFUSED(CHUNKED "0\r\nX: a\r\n", BAD_REQUEST),
        REFUSED(CHUNKED "0\r\n\n", BAD_REQUEST),
        REFUSED(CHUNKED "0\r\n\ra", BAD_REQUEST),
        REFUSED(CHUNKED "100001\r\n", TOO_LARGE),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct result result = read_all(cases[i].octets);

        if (result.state != FRAMING_REFUSED || result.problem != cases[i].problem) {
            fail_msg("case %zu: state %d, problem %d", i, (int)result.state, (int)result.problem);
        }
    }
}

/* A request whose last header fills its head up to `length` octets. */
static struct result read_head_of(size_t length)
{
    static const char begin[] = "\r\nGET / HTTP/1.1\r\nHost: a\r\nX: ";
    char octets[FRAMING_HEAD_MAX + 8];
    size_t all = length + strlen("\r\n");

    memset(octets, 'x', sizeof(octets));
    memcpy(octets, begin, strlen(begin));
    memcpy(octets + all - 4, "\r\n\r\n", 4);
    return read_all((struct span){octets, all});
}

static void test_long(void **state)
{
    char octets[FRAMING_HEAD_MAX + 8];

    (void)state;
    assert_int_equal(read_head_of(FRAMING_HEAD_MAX).state, FRAMING_WHOLE);
    assert_int_equal(read_head_of(FRAMING_HEAD_MAX + 1).problem, PROBLEM_HEADERS_TOO_LARGE);
    memset(octets, 'x', sizeof(octets));
    assert_int_equal(read_all((struct span){octets, FRAMING_HEAD_MAX}).state, FRAMING_REQUEST_LINE);
    assert_int_equal(read_all((struct span){octets, FRAMING_HEAD_MAX + 1}).problem,
                     PROBLEM_TARGET_TOO_LONG);
}

static void test_many(void **state)
{
    char octets[1024] = "GET / HTTP/1.1\r\nHost: a\r\n";

    (void)state;
    for (int i = 1; i < FRAMING_HEADERS_MAX; i++) {
        strcat(octets, "X: a\r\n");
    }
    strcat(octets, "\r\n");
    assert_int_equal(read_all(span_of(octets)).state, FRAMING_WHOLE);
    strcpy(octets + strlen(octets) - 2, "X: a\r\n\r\n");
    assert_int_equal(read_all(span_of(octets)).problem, PROBLEM_HEADERS_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),   cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_long),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
