/* CSV cells: RFC 4180, and no cell that a spreadsheet would run as a formula. */
#include "ctl/csv_cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_cells(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *cell;
    } cases[] = {
        {NULL, ""},
        {"", ""},
        {"plain text", "plain text"},
        {"a,b", "\"a,b\""},
        {"say \"no\"", "\"say \"\"no\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {"two\rlines", "\"two\rlines\""},
        {"=1+1", "\"'=1+1\""},
        {"+1", "\"'+1\""},
        {"-1", "\"'-1\""},
        {"@sum", "\"'@sum\""},
        {"\tx", "\"'\tx\""},
        {"\rx", "\"'\rx\""},
        {"=\"a\"", "\"'=\"\"a\"\"\""},
        {"a=1", "a=1"},
        {"'=1", "'=1"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;

        buf_init(&out, 256);
        csv_cell_print(&out, cases[i].text);
        buf_append(&out, "", 1);
        assert_string_equal(out.data, cases[i].cell);
        buf_finish(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
    };
    return cmocka_run_group_tests_name("csv_cell", tests, NULL, NULL);
}
