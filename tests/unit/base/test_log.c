/* The log: an event is one line, whatever octets its values have, and a caller never waits for a
 * reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/log.h"
#include "base/mem.h"

/* stderr is a pipe while a test runs. */
static int saved_stderr = -1;
static int reader = -1;

static int stderr_to_pipe(void **state)
{
    (void)state;
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    saved_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    reader = ends[0];
    log_configure(LOG_INFO, LOG_KV);
    return 0;
}

static int stderr_back(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    if (reader >= 0) {
        close(reader);
    }
    return 0;
}

/* Returns all lines that were written, to be freed; closes the pipe. */
static char *lines_read(void)
{
    size_t len = 0;
    char *text = mem_calloc(1, 1);
    dup2(saved_stderr, STDERR_FILENO);
    for (;;) {
        text = mem_realloc(text, len + 4097);
        ssize_t got = read(reader, text + len, 4096);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    text[len] = '\0';
    return text;
}

/* Checks the text of a line behind its time. */
static void assert_line_of(struct span value, const char *expected)
{
    struct log_line line;
    char text[LOG_LINE_MAX + 1] = "";

    log_begin(&line, LOG_WARNING, "test");
    log_span(&line, "v", value);
    log_end(&line);
    assert_true(read(reader, text, sizeof(text) - 1) > 0);
    char *level = strstr(text, " level=");
    assert_non_null(level);
    assert_string_equal(level, expected);
}

#define ASSERT_VALUE(literal, shown)                                                               \
    assert_line_of(SPAN_LITERAL(literal), " level=warning event=test v=" shown "\n")

static void test_kv_values(void **state)
{
    (void)state;
    ASSERT_VALUE("alice@example.org", "alice@example.org");
    ASSERT_VALUE("", "\"\"");
    ASSERT_VALUE("a b", "\"a b\"");
    ASSERT_VALUE("a=b", "\"a=b\"");
    ASSERT_VALUE("say \"hi\"", "\"say \\\"hi\\\"\"");
    ASSERT_VALUE("back\\slash", "\"back\\\\slash\"");
    ASSERT_VALUE("a\nlevel=error", "\"a\\x0alevel=error\"");
    ASSERT_VALUE("\r\t\x1b[31m\x7f", "\"\\x0d\\x09\\x1b[31m\\x7f\"");
    ASSERT_VALUE("nul\0nul", "\"nul\\x00nul\"");
    ASSERT_VALUE("b\xC3\xBC\x63her", "\"b\xC3\xBC\x63her\"");
    ASSERT_VALUE("\xF0\x9F\x94\x91", "\"\xF0\x9F\x94\x91\"");
    ASSERT_VALUE("\xC0\xAF", "\"\\xc0\\xaf\"");                   /* overlong */
    ASSERT_VALUE("\xED\xA0\x80", "\"\\xed\\xa0\\x80\"");          /* surrogate */
    ASSERT_VALUE("\xF4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\""); /* above U+10FFFF */
    ASSERT_VALUE("x\xE2\x82", "\"x\\xe2\\x82\"");                 /* cut short */
    ASSERT_VALUE("\xE2\x80\xA8", "\"\\xe2\\x80\\xa8\"");          /* line separator */
    ASSERT_VALUE("\xE2\x80\xAE", "\"\\xe2\\x80\\xae\"");          /* right-to-left override */
    ASSERT_VALUE("\xC2\x85", "\"\\xc2\\x85\"");                   /* NEL */
}

static void test_members_and_levels(void **state)
{
    (void)state;
    struct log_line line;
    log_begin(&line, LOG_DEBUG, "hidden");
    assert_false(line.on);
    log_text(&line, "k", "v");
    log_end(&line);
    log_message(LOG_DEBUG, "hidden", "%d", 1);

    log_begin(&line, LOG_INFO, "shown");
    log_text(&line, "absent", NULL);
    log_number(&line, "min", INT64_MIN);
    log_end(&line);
    log_message(LOG_ERROR, "said", "%s is %d", "it", 3);

    char *text = lines_read();
    char *rest = strchr(text, ' ');
    assert_non_null(rest);
    assert_int_equal(rest - text, strlen("time=2026-01-31T12:00:00.000Z"));
    assert_int_equal(rest[-1], 'Z');
    char *second = strchr(rest, '\n') + 1;
    assert_memory_equal(rest, " level=info event=shown min=-9223372036854775808\n",
                        (size_t)(second - rest));
    assert_string_equal(strchr(second, ' '), " level=error event=said message=\"it is 3\"\n");
    free(text);
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    struct log_line line;
    char value[5000];
    memset(value, '\n', sizeof(value));

    for (int format = LOG_KV; format <= LOG_JSON; format++) {
        log_configure(LOG_INFO, (enum log_format)format);
        log_begin(&line, LOG_INFO, "long");
        for (int i = 0; i < 40; i++) {
            log_span(&line, "k", (struct span){value, sizeof(value)});
            log_number(&line, "n", INT64_MIN);
        }
        log_end(&line);
        assert_in_range(line.len, LOG_LINE_MAX - 100, LOG_LINE_MAX);

        char text[LOG_LINE_MAX + 1] = "";
        assert_int_equal(read(reader, text, sizeof(text)), line.len);
        assert_ptr_equal(strchr(text, '\n'), text + line.len - 1);
        assert_non_null(strstr(text, format == LOG_KV
                                         ? "\\x0a...\" n=-9223372036854775808 k="
                                         : "\\u000a...\",\"n\":-9223372036854775808,"));
    }
}

static void test_json_is_json(void **state)
{
    (void)state;
    unsigned seed = 1;
    log_configure(LOG_INFO, LOG_JSON);
    for (int round = 0; round < 20000; round++) {
        char value[64];
        size_t len = (size_t)round % sizeof(value);
        for (size_t i = 0; i < len; i++) {
            value[i] = (char)rand_r(&seed);
        }
        struct log_line line;
        char text[LOG_LINE_MAX + 1];
        log_begin(&line, LOG_INFO, "json");
        log_span(&line, "v", (struct span){value, len});
        log_number(&line, "n", round);
        log_end(&line);
        ssize_t got = read(reader, text, sizeof(text));
        assert_true(got > 0);
        assert_ptr_equal(memchr(text, '\n', (size_t)got), text + got - 1);

        json_t *json = json_loadb(text, (size_t)got, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        assert_non_null(json);
        assert_int_equal(json_integer_value(json_object_get(json, "n")), round);
        assert_true(json_is_string(json_object_get(json, "v")));
        assert_string_equal(json_string_value(json_object_get(json, "event")), "json");
        json_decref(json);
    }
}

static void test_json_escapes(void **state)
{
    (void)state;
    char text[LOG_LINE_MAX + 1] = "";
    log_configure(LOG_INFO, LOG_JSON);
    struct log_line line;
    log_begin(&line, LOG_INFO, "json");
    log_span(&line, "v", SPAN_LITERAL("q\"b\\n\n\xFF\xC2\x85\xE2\x80\xA8\xC3\xBC\0"));
    log_end(&line);
    assert_true(read(reader, text, sizeof(text) - 1) > 0);
    assert_string_equal(strstr(text, "\"v\""),
                        "\"v\":\"q\\\"b\\\\n\\u000a\\\\xff\\u0085\\u2028\xC3\xBC\\u0000\"}\n");
}

static void test_thread_writes_in_order(void **state)
{
    (void)state;
    log_start();
    for (int i = 0; i < 200; i++) {
        log_message(LOG_INFO, "n", "%d", i);
    }
    log_stop();
    char *text = lines_read();
    char *at = text;
    for (int i = 0; i < 200; i++) {
        char expected[64];
        snprintf(expected, sizeof(expected), " message=%d\n", i);
        char *end = strchr(at, '\n') + 1;
        assert_memory_equal(end - strlen(expected), expected, strlen(expected));
        at = end;
    }
    assert_string_equal(at, "");
    free(text);
}

static void *talk(void *unused)
{
    (void)unused;
    for (int i = 0; i < 5000; i++) {
        log_message(LOG_INFO, "talk", "a line that is long enough to fill the ring and the pipe");
    }
    return NULL;
}

/* The test hangs, and meson kills it, if a caller waits for the reader. */
static void test_stopped_reader_stops_nobody(void **state)
{
    (void)state;
    pthread_t threads[3];
    uint64_t before = log_dropped();
    log_start();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, talk, NULL), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    uint64_t dropped = log_dropped() - before;
    assert_in_range(dropped, 5000, 14999);

    /* A reader gets the queued lines, then the count of the missing ones. */
    uint64_t lines = 0;
    uint64_t counted = 0;
    FILE *in = fdopen(dup(reader), "r");
    char *line = NULL;
    size_t size = 0;
    while (lines + counted < 15000 && getline(&line, &size, in) > 0) {
        char *count = strstr(line, " level=warning event=dropped count=");
        if (count != NULL) {
            counted += strtoull(strrchr(count, '=') + 1, NULL, 10);
        } else {
            assert_non_null(strstr(line, "level=info event=talk message=\"a line that is"));
            lines++;
        }
    }
    assert_int_equal(lines + counted, 15000);
    assert_true(counted >= dropped);
    free(line);
    fclose(in);
    log_stop();
}

static void test_stop_with_stopped_reader_ends(void **state)
{
    (void)state;
    pid_t child = fork(); /* a process of its own, because the log does not work afterwards */
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        log_start();
        talk(NULL);
        log_stop();
        uint64_t before = log_dropped();
        log_message(LOG_ERROR, "late", "nobody reads this");
        _exit(log_dropped() == before + 1 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_reader_gone(void **state)
{
    (void)state;
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    close(reader);
    reader = -1;
    log_start();
    talk(NULL);
    log_stop();
    log_message(LOG_ERROR, "direct", "nobody reads this either");
}

static void test_nonblocking_stderr_loses_nothing(void **state)
{
    (void)state;
    fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    log_start();
    for (int i = 0; i < 1500; i++) { /* more than a pipe holds, less than the ring */
        log_message(LOG_INFO, "n", "%080d", i);
    }
    int lines = 0;
    FILE *in = fdopen(dup(reader), "r");
    char text[256];
    while (lines < 1500 && fgets(text, sizeof(text), in) != NULL) {
        lines++;
    }
    log_stop();
    fclose(in);
    assert_int_equal(lines, 1500);
    assert_non_null(strstr(text, "01499\n"));
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, stderr_to_pipe, stderr_back)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_kv_values),
        LOG_TEST(test_members_and_levels),
        LOG_TEST(test_long_lines_are_cut),
        LOG_TEST(test_json_is_json),
        LOG_TEST(test_json_escapes),
        LOG_TEST(test_thread_writes_in_order),
        LOG_TEST(test_stopped_reader_stops_nobody),
        LOG_TEST(test_stop_with_stopped_reader_ends),
        LOG_TEST(test_reader_gone),
        LOG_TEST(test_nonblocking_stderr_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
