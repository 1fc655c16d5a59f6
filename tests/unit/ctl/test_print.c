#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ctl/print.h"
#include "ctl/progress.h"
#include "ctl/table.h"

static void assert_buf(const struct buf *buf, const char *expected)
{
    assert_int_equal(buf->len, strlen(expected));
    assert_memory_equal(buf->data, expected, buf->len);
}

static void test_escape(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"alice", "alice"},
        {"\xc3\x84lice \xe2\x82\xac", "\xc3\x84lice \xe2\x82\xac"},
        {"\033[31mred", "\\x1b[31mred"},
        {"a\tb\nc\rd\x7f", "a\\x09b\\x0ac\\x0dd\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\x9b31m"},
        {"a\\b", "a\\\\b"},
        {"\xe2\x80\xaetxt", "\\u{202e}txt"},
        {"\xff\xc3", "\\xff\\xc3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf buf;

        buf_init(&buf, 256);
        print_escape(&buf, cases[i].in);
        assert_buf(&buf, cases[i].out);
        buf_finish(&buf);
    }
}

static void table_is(size_t width, const char *expected)
{
    static const char *const headings[] = {"NAME", "STATE", "ADDRESSES"};
    struct table *table = table_create(headings, 3);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    table_row(table, (const char *const[]){"\xc3\x84lice", NULL, "a@example.org"});
    table_row(table, (const char *const[]){"b\tb", "suspended", ""});
    table_print(table, out, width);
    fclose(out);
    table_destroy(table);
    assert_string_equal(text, expected);
    free(text);
}

static void test_table(void **state)
{
    (void)state;
    table_is(0, "\xc3\x84lice\t\ta@example.org\n"
                "b\\x09b\tsuspended\t\n");
    table_is(80, "NAME    STATE      ADDRESSES\n"
                 "\xc3\x84lice   -          a@example.org\n"
                 "b\\x09b  suspended  \n");
    table_is(TABLE_UNCUT, "NAME    STATE      ADDRESSES\n"
                          "\xc3\x84lice   -          a@example.org\n"
                          "b\\x09b  suspended  \n");
    /* the widest columns are cut, and no column is dropped */
    table_is(26, "NAME    STATE     ADDRESS\xe2\x80\xa6\n"
                 "\xc3\x84lice   -         a@examp\xe2\x80\xa6\n"
                 "b\\x09b  suspend\xe2\x80\xa6  \n");
    table_is(10, "NAME    STATE   ADDRE\xe2\x80\xa6\n"
                 "\xc3\x84lice   -       a@exa\xe2\x80\xa6\n"
                 "b\\x09b  suspe\xe2\x80\xa6  \n");
}

static void test_json(void **state)
{
    json_t *json = json_pack("{s:s}", "name", "\xc2\x9b\033\xc3\x84");
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    print_json(out, json);
    fclose(out);
    assert_string_equal(text, "{\"name\":\"\\u009B\\u001B\\u00C4\"}\n");
    free(text);
    json_decref(json);
}

static void progress_is(uint64_t done, uint64_t total, int64_t ms, const char *expected)
{
    struct buf buf;

    buf_init(&buf, 256);
    progress_print(&buf, "importing", done, total, ms);
    assert_buf(&buf, expected);
    buf_finish(&buf);
}

static void test_progress(void **state)
{
    (void)state;
    progress_is(41200, 100000, 6000, "importing  41,200 / 100,000  6,866/s  9 s left");
    progress_is(999, 0, 1000, "importing  999  999/s");
    progress_is(1234567, 1234567, 1000, "importing  1,234,567 / 1,234,567  1,234,567/s");
    progress_is(0, 10, 700, "importing  0 / 10");
    progress_is(0, 0, 0, "importing  0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_progress),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
