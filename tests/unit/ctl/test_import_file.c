/* The readers of other programs' files, octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ctl/import/file.h"

#define TODAY 20000 /* days since 1970 */

/* The records of a file, one on each line: "LINE row", "LINE -label" or "LINE !flaw". */
static char *read_all(enum import_format format, struct span text, const char *domain)
{
    struct import_reader reader = {
        .format = format, .text = text, .domain = domain, .today = TODAY};
    struct import_record record;
    struct buf out;

    buf_init(&out, 1 << 20);
    for (import_next(&reader, &record); record.kind != IMPORT_END; import_next(&reader, &record)) {
        buf_printf(&out, "%zu ", record.line);
        if (record.kind == IMPORT_USER) {
            json_object_del(record.row, "line");

            char *row = json_dumps(record.row, JSON_COMPACT | JSON_SORT_KEYS);

            buf_printf(&out, "%s%s%s\n", row, record.note != NULL ? " " : "",
                       record.note != NULL ? record.note : "");
            free(row);
            import_row_destroy(record.row);
        } else if (record.kind == IMPORT_PASSED) {
            buf_printf(&out, "-%s\n", record.label);
        } else {
            assert_non_null(record.remedy);
            assert_null(record.row);
            buf_printf(&out, "!%s\n", record.flaw);
        }
    }
    buf_append(&out, "", 1);
    return out.data;
}

static void reads(enum import_format format, const char *text, const char *expected)
{
    char *got = read_all(format, span_of(text), NULL);

    assert_string_equal(got, expected);
    free(got);
}

#define CUT "!the last line has no end: the file may have been cut\n"

static void test_dovecot(void **state)
{
    (void)state;
    const enum import_format format = IMPORT_DOVECOT_PASSWD;

    reads(format, "", "");
    reads(format, "alice@x.org:{SSHA}abc:1000:1000::/var/mail::\n",
          "1 {\"login\":\"alice@x.org\",\"password_hash\":\"{SSHA}abc\"}\n");
    reads(format, "\xef\xbb\xbf# users\r\n\r\n:odd\nbob:$6$a$b\r\n",
          "1 -comment\n2 -empty line\n3 -comment\n"
          "4 {\"login\":\"bob\",\"password_hash\":\"$6$a$b\"}\n");
    reads(format,
          "a:{PLAIN}p w:::::: userdb_mail=maildir:~/x allow_nets=192.0.2.0/24,2001:db8::/32\n",
          "1 {\"login\":\"a\",\"networks\":[\"192.0.2.0/24\",\"2001:db8::/32\"],"
          "\"password_hash\":\"{PLAIN}p w\"}\n");
    reads(format, "a:x::::::nologin reason=moved\n",
          "1 {\"login\":\"a\",\"suspended\":true} some of its extra fields have no counterpart and "
          "are left out\n");
    reads(format,
          "a:::::::nopassword\nb:{CRYPT}$5$a$b::::::nopassword=y\nc:h::::::deny\n"
          "d:h::::::user=root\ne:h::::::password={PLAIN}x\nf:h::::::proxy host=1.2.3.4\n",
          "1 !nopassword lets anybody in\n2 !nopassword lets anybody in\n3 !deny refuses the user\n"
          "4 !user= renames the user after sign-in\n5 !password= is a second password\n"
          "6 !proxy leaves the check to another server\n");
    reads(format,
          "a:{SHA}x::::::allow_nets=local\nb:{SHA}x::::::allow_nets=\nc:{SHA}x::::::allow_nets\n",
          "1 !allow_nets=local is a host's own addresses\n2 !allow_nets is empty: nobody may sign "
          "in\n"
          "3 !allow_nets is empty: nobody may sign in\n");
    reads(format, "a\n:\n::\n \n",
          "1 !there is no colon after the login\n2 -comment\n3 -comment\n"
          "4 -empty line\n");
}

static void test_no_way_in(void **state)
{
    static const char *const marks[] = {"",         "!",         "!!",      "*",        "x",
                                        "*LK*",     "-",         "{CRYPT}", "{CRYPT}!", "{CRYPT}*",
                                        "{PLAIN}*", "{PLAIN}!!", "{SSHA}",  "{PLAIN}x"};
    static const char *const locked[] = {"!$6$a$b",        "*$6$a$b",    "!!$6$a$b",
                                         "{CRYPT}!$6$a$b", "!{SSHA}abc", "!abcdefghijklm"};
    char line[128];

    (void)state;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        snprintf(line, sizeof(line), "a:%s:::::\n", marks[i]);
        reads(IMPORT_DOVECOT_PASSWD, line, "1 {\"login\":\"a\"}\n");
    }
    for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++) {
        snprintf(line, sizeof(line), "a:%s:::::\n", locked[i]);
        reads(IMPORT_DOVECOT_PASSWD, line,
              "1 {\"login\":\"a\"} it is locked, so it has no password\n");
    }
    reads(IMPORT_DOVECOT_PASSWD, "a:{PLAIN}!secret\n",
          "1 {\"login\":\"a\",\"password_hash\":\"{PLAIN}!secret\"}\n");
}

static void test_htpasswd(void **state)
{
    (void)state;
    const enum import_format format = IMPORT_HTPASSWD;

    reads(format, "alice:{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=\nbob:$2y$05$abc\n#x\n",
          "1 {\"login\":\"alice\",\"password_hash\":\"{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=\"}\n"
          "2 {\"login\":\"bob\",\"password_hash\":\"$2y$05$abc\"}\n3 -comment\n");
    reads(format, "a:$apr1$x$y\nb:rqXexS6ZhobKA\nc:secret\nd:$5$a$b:more\ne\n",
          "1 !$apr1$ hashes (htpasswd -m) cannot be checked by authd\n"
          "2 !DES hashes (htpasswd -d) cannot be checked by authd\n"
          "3 !what follows the colon is no hash; is it a password in clear?\n"
          "4 !the line has 2 colons\n5 !the line has 0 colons\n");
}

static void test_shadow(void **state)
{
    (void)state;
    const enum import_format format = IMPORT_SHADOW;
    char *got = read_all(format,
                         SPAN_LITERAL("root:$6$a$b:19000:0:99999:7:::\n"
                                      "daemon:*:19000:0:99999:7:::\n"
                                      "sshd:!:19000::::::\n"
                                      "anna:$y$j9T$a$b:19000:0:99999:7:::\n"
                                      "bert:!$6$a$b:19000:0:99999:7:::\n"
                                      "cleo:$6$a$b:19000:0:99999:7::20000:\n"
                                      "dave:$6$a$b:19000:0:99999:7::20001:\n"
                                      "eve::19000:0:99999:7:::\n"
                                      "frank:$6$a$b\n"
                                      "gina:$6$a$b:19000:0:99999:7::soon:\n"),
                         "example.org");

    assert_string_equal(
        got,
        "1 -root\n2 -account without a password\n3 -account without a password\n"
        "4 {\"login\":\"anna@example.org\",\"password_hash\":\"$y$j9T$a$b\"}\n"
        "5 {\"login\":\"bert@example.org\"} it is locked, so it has no password\n"
        "6 {\"login\":\"cleo@example.org\",\"password_hash\":\"$6$a$b\",\"suspended\":true} it "
        "has expired: suspended\n"
        "7 {\"login\":\"dave@example.org\",\"password_hash\":\"$6$a$b\"}\n"
        "8 {\"login\":\"eve@example.org\"}\n"
        "9 !the line has 2 fields, or a date that is not a number\n"
        "10 !the line has 9 fields, or a date that is not a number\n");
    free(got);
}

static void test_csv(void **state)
{
    (void)state;
    const enum import_format format = IMPORT_CSV;

    reads(
        format,
        "\xef\xbb\xbflogin,password_hash,display_name,addresses,recovery_address,class,networks,"
        "suspended\r\n"
        "alice@x.org,{SSHA}abc,\"Adams, \"\"Al\"\"\nJr\",a@x.org; b@x.org,r@y.org,staff,"
        "\"192.0.2.0/24,10.0.0.0/8\",no\r\n"
        "bob@x.org,,,,,,,yes\n"
        "\n",
        "1 -header\n"
        "2 {\"addresses\":[\"a@x.org\",\"b@x.org\"],\"class\":\"staff\",\"display_name\":\"Adams, "
        "\\\"Al\\\"\\nJr\",\"login\":\"alice@x.org\",\"networks\":[\"192.0.2.0/24\",\"10.0.0.0/"
        "8\"],\"password_hash\":\"{SSHA}abc\",\"recovery_address\":\"r@y.org\",\"suspended\":false}"
        "\n4 {\"login\":\"bob@x.org\",\"suspended\":true}\n5 -empty line\n");
    reads(format, "", "");
    reads(format, "name,login\n", "1 !there is no column \"name\"\n");
    reads(format, "login,login\nx\n", "1 !more than one column \"login\"\n");
    reads(format, "class\nx\n", "1 !there is no column \"login\"\n");
    reads(format, "login;class\nx;y\n", "1 !there is no column \"login;class\"\n");
    reads(format, "login", "1 " CUT);
    reads(
        format, "login,class\na,b,c\nd\ne,f\ng,h",
        "1 -header\n2 !the line has 3 cells, the header 2\n3 !the line has 1 cells, the header 2\n"
        "4 {\"class\":\"f\",\"login\":\"e\"}\n5 " CUT);
    reads(format, "login,class\na\"b,c\n\"d\"x,e\n\"f\",\"g\"\n\"h,i\nj,k\n",
          "1 -header\n2 !a quote is in a place where none is allowed\n3 !a quote is in a place "
          "where none is allowed\n"
          "4 {\"class\":\"g\",\"login\":\"f\"}\n5 !a quote is opened and never closed\n");
    reads(
        format,
        "login,display_name\na,=cmd|' /C calc'!A0\nb,+1\nc,-1\nd,@SUM(A1)\n\"e\",\"\t=1\"\n=f,x\n",
        "1 -header\n2 !display_name begins with =, which a spreadsheet would run\n"
        "3 !display_name begins with +, which a spreadsheet would run\n"
        "4 !display_name begins with -, which a spreadsheet would run\n"
        "5 !display_name begins with @, which a spreadsheet would run\n"
        "6 !display_name begins with a tab, which a spreadsheet would run\n"
        "7 !login begins with =, which a spreadsheet would run\n");
    reads(format, "login,suspended\na,maybe\n,true\n",
          "1 -header\n2 !suspended is neither true nor false\n3 !there is no login\n");
    reads(format, "login\n\xff\nb\n", "1 -header\n2 !the line is not UTF-8\n3 {\"login\":\"b\"}\n");
}

static void test_sender_login(void **state)
{
    (void)state;
    const enum import_format format = IMPORT_SENDER_LOGIN;

    reads(format,
          "# who may send as what\n"
          "sales@x.org  alice@x.org, bob@x.org\n"
          "    carol@x.org\n"
          "@y.org\talice@x.org\n",
          "1 -comment\n"
          "2 {\"addresses\":[\"sales@x.org\"],\"login\":\"alice@x.org\"}\n"
          "2 {\"addresses\":[\"sales@x.org\"],\"login\":\"bob@x.org\"}\n"
          "2 {\"addresses\":[\"sales@x.org\"],\"login\":\"carol@x.org\"}\n"
          "4 {\"addresses\":[\"*@y.org\"],\"login\":\"alice@x.org\"}\n");
    reads(format, "a@x.org\n  \nb@x.org ,,\n/^a/ x\n x\nc@x.org d\n e",
          "1 !there is no login after the address\n3 !there is no login after the address\n"
          "4 !this is a pattern, which has no counterpart\n"
          "7 " CUT);
}

static void test_lines(void **state)
{
    char large[6000];

    (void)state;
    for (unsigned format = IMPORT_DOVECOT_PASSWD; format < IMPORT_FORMAT_COUNT; format++) {
        if (format == IMPORT_CSV) {
            continue;
        }
        reads((enum import_format)format, "a@x.org:x", "1 " CUT);

        char *got = read_all((enum import_format)format, SPAN_LITERAL("a:\0b\n\xff:\n"), NULL);

        assert_string_equal(got, "1 !the line has a NUL octet\n2 !the line is not UTF-8\n");
        free(got);
        memset(large, 'a', sizeof(large));
        large[sizeof(large) - 1] = '\n';
        got = read_all((enum import_format)format, (struct span){large, sizeof(large)}, NULL);
        assert_string_equal(got, "1 !the line has more than 4096 octets\n");
        free(got);
    }

    char *got = read_all(IMPORT_CSV, SPAN_LITERAL("login\na\0b\n"), NULL);

    assert_string_equal(got, "1 -header\n2 !the line has a NUL octet\n");
    free(got);
}

static void test_labels(void **state)
{
    static const struct {
        const char *line;
        const char *label;
    } cases[] = {
        {"a:{SSHA512.HEX}00\n", "user with {SSHA512.HEX}"},
        {"a:$6$x$y\n", "user with $6$"},
        {"a:secret\n", "user with an unknown hash"},
        {"a:{my secret}xyz\n", "user with an unknown hash"},
        {"a:$secret\n", "user with an unknown hash"},
        {"a:\n", "user without a password"},
        {"a:!$6$x$y\n", "locked user"},
        {"a\n", "line with an error"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct import_reader reader = {.format = IMPORT_DOVECOT_PASSWD,
                                       .text = span_of(cases[i].line)};
        struct import_record record;

        import_next(&reader, &record);
        assert_string_equal(record.label, cases[i].label);
        import_row_destroy(record.row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dovecot),  cmocka_unit_test(test_no_way_in),
        cmocka_unit_test(test_htpasswd), cmocka_unit_test(test_shadow),
        cmocka_unit_test(test_csv),      cmocka_unit_test(test_sender_login),
        cmocka_unit_test(test_lines),    cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
