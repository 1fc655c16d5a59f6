/* Names: tables of accepted and refused names, and two properties of all names: a canonical name is
 * its own canonical name, and no canonical name has a character with a meaning elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/name.h"

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10

struct row {
    struct span in;
    const char *out; /* NULL: refused */
    enum name_error error;
};

#define TAKES(in, out)                                                                             \
    {                                                                                              \
        SPAN_LITERAL(in), (out), NAME_OK                                                           \
    }
#define REFUSES(in, reason)                                                                        \
    {                                                                                              \
        SPAN_LITERAL(in), NULL, (reason)                                                           \
    }

static void check_row(const struct row *row, enum name_error error, const char *out)
{
    if (error != row->error) {
        fail_msg("%s: error %d, not %d", row->in.ptr, (int)error, (int)row->error);
    }
    if (row->out != NULL) {
        assert_string_equal(out, row->out);
    }
}

static void test_logins(void **state)
{
    (void)state;
    static const struct row rows[] = {
        TAKES("alice@example.org", "alice@example.org"),
        TAKES("Alice@EXAMPLE.Org", "alice@example.org"),
        TAKES("alice@example.org.", "alice@example.org"),
        TAKES("web12p3", "web12p3@default.example"),
        TAKES("Web12P3", "web12p3@default.example"),
        TAKES("a.b-c_d+e=f/g?h^i`j{k|l}m~n'o$p&q@x.example",
              "a.b-c_d+e=f/g?h^i`j{k|l}m~n'o$p&q@x.example"),
        TAKES("a@localhost", "a@localhost"),
        TAKES("a@1.2.3.example", "a@1.2.3.example"),
        TAKES("a@r3---sn.example", "a@r3---sn.example"),
        TAKES(A60 "aaaa@example.org", A60 "aaaa@example.org"),
        /* internationalised */
        TAKES("a@b\xC3\xBC\x63her.example", "a@xn--bcher-kva.example"),
        TAKES("a@B\xC3\x9C\x43HER.example", "a@xn--bcher-kva.example"),
        TAKES("a@bu\xCC\x88\x63her.example", "a@xn--bcher-kva.example"), /* not composed */
        TAKES("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        TAKES("a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"),
        TAKES("a@fa\xC3\x9F.example", "a@xn--fa-hia.example"), /* not transitional */
        TAKES("a@example\xE3\x80\x82org", "a@example.org"),    /* U+3002 */
        TAKES("a@example.org\xE3\x80\x82", "a@example.org"),
        TAKES("a@\xEF\xBD\x85xample.org", "a@example.org"), /* U+FF45 */
        TAKES("\xC3\x84nne@example.org", "\xC3\xA4nne@example.org"),
        TAKES("A\xCC\x88nne@example.org", "\xC3\xA4nne@example.org"),
        TAKES("STRA\xC3\x9F\x45@example.org", "strasse@example.org"),
        TAKES("\xCE\xA3\xCE\xA3@example.org", "\xCF\x83\xCF\x83@example.org"),
        TAKES("\xE5\xBC\xA0@example.org", "\xE5\xBC\xA0@example.org"),
        /* empty parts */
        REFUSES("", NAME_EMPTY),
        REFUSES("@example.org", NAME_EMPTY),
        REFUSES(".alice@example.org", NAME_EMPTY),
        REFUSES("alice.@example.org", NAME_EMPTY),
        REFUSES("al..ice@example.org", NAME_EMPTY),
        REFUSES(".", NAME_EMPTY),
        REFUSES("alice@", NAME_BAD_DOMAIN),
        REFUSES("alice@.", NAME_BAD_DOMAIN),
        REFUSES("alice@example..org", NAME_BAD_DOMAIN),
        REFUSES("alice@example.org..", NAME_BAD_DOMAIN),
        REFUSES("alice@.example.org", NAME_BAD_DOMAIN),
        REFUSES("alice@\xE3\x80\x82"
                "example.org",
                NAME_BAD_DOMAIN),
        /* reserved characters, and what maps to them */
        REFUSES("alice#p3@example.org", NAME_RESERVED),
        REFUSES("alice\xEF\xBC\x83p3@example.org", NAME_RESERVED), /* U+FF03 */
        REFUSES("alice\xEF\xB9\x9Fp3@example.org", NAME_RESERVED), /* U+FE5F */
        REFUSES("alice#p3", NAME_RESERVED),
        REFUSES("alice\xEF\xBC\x83p3", NAME_RESERVED),
        REFUSES("alice@exam#ple.org", NAME_BAD_DOMAIN),
        REFUSES("alice@exam\xEF\xBC\x83ple.org", NAME_BAD_DOMAIN),
        REFUSES("alice@exam\xEF\xB9\x9Fple.org", NAME_BAD_DOMAIN),
        REFUSES("alice@example.org#k1", NAME_BAD_DOMAIN),
        REFUSES("alice\xEF\xBC\xA0"
                "example.org",
                NAME_RESERVED), /* U+FF20 */
        REFUSES("alice\xEF\xB9\xAB"
                "example.org",
                NAME_RESERVED), /* U+FE6B */
        REFUSES("alice@a\xEF\xBC\xA0"
                "example.org",
                NAME_BAD_DOMAIN),
        REFUSES("alice@evil@example.org", NAME_RESERVED),
        REFUSES("a%b@example.org", NAME_RESERVED),
        REFUSES("a\xEF\xBC\x85"
                "b@example.org",
                NAME_RESERVED),
        REFUSES("host!a@example.org", NAME_RESERVED),
        REFUSES("*@example.org", NAME_RESERVED),
        REFUSES("*", NAME_RESERVED),
        REFUSES("\"alice\"@example.org", NAME_RESERVED),
        REFUSES("a\\b@example.org", NAME_RESERVED),
        REFUSES("a,b@example.org", NAME_RESERVED),
        REFUSES("<alice@example.org>", NAME_RESERVED),
        REFUSES("a:b;(c)[d]@example.org", NAME_RESERVED),
        REFUSES("\xEF\xBC\xA1lice@example.org", NAME_RESERVED), /* fullwidth A */
        REFUSES("\xEF\xAC\x81n@example.org", NAME_RESERVED),    /* ligature fi */
        REFUSES("\xE2\x82\xAC@example.org", NAME_RESERVED),     /* a symbol */
        REFUSES("\xCC\x88"
                "a@example.org",
                NAME_RESERVED), /* a mark on nothing */
        REFUSES("a.\xCC\x88@example.org", NAME_RESERVED),
        REFUSES("a=\xCC\xB8@example.org", NAME_RESERVED),    /* composes to a symbol */
        REFUSES("a\xE1\x85\x9F@example.org", NAME_RESERVED), /* an invisible letter, U+115F */
        REFUSES("a\xEF\xB8\x8F@example.org", NAME_RESERVED), /* variation selector */
        /* controls and blanks */
        REFUSES("al ice@example.org", NAME_CONTROL),
        REFUSES("alice@example.org ", NAME_CONTROL),
        REFUSES("alice\t@example.org", NAME_CONTROL),
        REFUSES("alice\n@example.org", NAME_CONTROL),
        REFUSES("alice@example.org\r\n", NAME_CONTROL),
        REFUSES("alice\0@example.org", NAME_CONTROL),
        REFUSES("alice@example.org\0", NAME_CONTROL),
        REFUSES("alice@exa\0mple.org", NAME_CONTROL),
        REFUSES("alice\x7F@example.org", NAME_CONTROL),
        REFUSES("alice\x1B[2J@example.org", NAME_CONTROL),
        REFUSES("alice\xC2\x85@example.org", NAME_CONTROL),
        REFUSES("alice\xC2\xA0@example.org", NAME_CONTROL),     /* no-break space */
        REFUSES("alice\xE3\x80\x80@example.org", NAME_CONTROL), /* ideographic space */
        REFUSES("alice\xE2\x80\x8B@example.org", NAME_CONTROL), /* zero width space */
        REFUSES("alice\xE2\x80\xAE@example.org", NAME_CONTROL), /* right-to-left override */
        REFUSES("al\xC2\xADice@example.org", NAME_CONTROL),     /* soft hyphen */
        REFUSES("alice@exam\xC2\xADple.org", NAME_CONTROL),
        REFUSES("\xEF\xBB\xBF"
                "alice@example.org",
                NAME_CONTROL),
        /* not UTF-8 */
        REFUSES("ali\xE9@example.org", NAME_NOT_UTF8),
        REFUSES("alice@ex\xFF.org", NAME_NOT_UTF8),
        REFUSES("alice\xC0\xA3@example.org", NAME_NOT_UTF8),     /* overlong # */
        REFUSES("alice\xE0\x80\xA3@example.org", NAME_NOT_UTF8), /* overlong # */
        REFUSES("alice\xC1\x80"
                "example.org",
                NAME_NOT_UTF8),                                      /* overlong @ */
        REFUSES("alice\xED\xA0\x80@example.org", NAME_NOT_UTF8),     /* surrogate */
        REFUSES("alice\xF4\x90\x80\x80@example.org", NAME_NOT_UTF8), /* above U+10FFFF */
        REFUSES("alice@example.org\xC3", NAME_NOT_UTF8),
        /* domains */
        REFUSES("a@[192.0.2.1]", NAME_BAD_DOMAIN),
        REFUSES("a@[IPv6:2001:db8::1]", NAME_BAD_DOMAIN),
        REFUSES("a@192.0.2.1", NAME_BAD_DOMAIN),
        REFUSES("a@example.1", NAME_BAD_DOMAIN),
        REFUSES("a@exa_mple.org", NAME_BAD_DOMAIN),
        REFUSES("a@_dmarc.example.org", NAME_BAD_DOMAIN),
        REFUSES("a@-example.org", NAME_BAD_DOMAIN),
        REFUSES("a@example-.org", NAME_BAD_DOMAIN),
        REFUSES("a@example.org-", NAME_BAD_DOMAIN),
        REFUSES("a@*.example.org", NAME_BAD_DOMAIN),
        REFUSES("a@b%c.example.org", NAME_BAD_DOMAIN),
        REFUSES("a@example.org:25", NAME_BAD_DOMAIN),
        REFUSES("a@example/org", NAME_BAD_DOMAIN),
        REFUSES("a@xn--", NAME_BAD_DOMAIN),
        REFUSES("a@xn--a.example", NAME_BAD_DOMAIN),    /* decodes to nothing valid */
        REFUSES("a@xn--abc-.example", NAME_BAD_DOMAIN), /* decodes to ASCII */
        REFUSES("a@xn--bcher-kva8445foa.example", NAME_BAD_DOMAIN),
        REFUSES("a@xn--bcher-zpa.example", NAME_BAD_DOMAIN),
        REFUSES("a@xn--u-ccb.example", NAME_BAD_DOMAIN), /* u + U+0308, not composed */
        REFUSES("a@xn--BCHER-KV\xC3\xBC.example", NAME_BAD_DOMAIN),
        REFUSES("a@\xF0\x9F\x94\x91\xE2\x80\x8D.example", NAME_CONTROL),
        REFUSES("a@\xE2\x91\xB4.example", NAME_BAD_DOMAIN), /* maps to "(1)" */
        /* lengths */
        REFUSES(A60 "aaaaa@example.org", NAME_TOO_LONG),
        REFUSES("a@" A60 "aaaa.example", NAME_BAD_DOMAIN),
        REFUSES("a@" A60 "." A60 "." A60 "." A60 ".aaaaaaaaaa", NAME_BAD_DOMAIN),
        REFUSES(A60 A60 A60 A60 A60 A60 "@example.org", NAME_TOO_LONG),
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[NAME_MAX_LENGTH + 1] = "";
        check_row(&rows[i], name_login(rows[i].in, "default.example", out), out);
    }
}

static void test_login_without_default_domain(void **state)
{
    (void)state;
    char out[NAME_MAX_LENGTH + 1];
    assert_int_equal(name_login(SPAN_LITERAL("web12p3"), NULL, out), NAME_NO_DOMAIN);
    assert_int_equal(name_login(SPAN_LITERAL("a@b.example"), NULL, out), NAME_OK);
    assert_string_equal(out, "a@b.example");
}

static void test_longest_name(void **state)
{
    (void)state;
    char out[NAME_MAX_LENGTH + 1];
    const char *longest = A60 "aaaa@" A60 "." A60 "." A60 "." A60 ".aaaaaaaaa"; /* 64 + 1 + 253 */
    assert_int_equal(strlen(longest), 318);
    assert_int_equal(name_login(span_of(longest), NULL, out), NAME_OK);
    assert_string_equal(out, longest);
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct row rows[] = {
        TAKES("Alice@Example.org", "alice@example.org"),
        TAKES("*@Example.org", "*@example.org"),
        TAKES("*@b\xC3\xBC\x63her.example.", "*@xn--bcher-kva.example"),
        REFUSES("*", NAME_NO_DOMAIN),
        REFUSES("*@", NAME_BAD_DOMAIN),
        REFUSES("*@*", NAME_BAD_DOMAIN),
        REFUSES("*@*.example.org", NAME_BAD_DOMAIN),
        REFUSES("**@example.org", NAME_RESERVED),
        REFUSES("a*@example.org", NAME_RESERVED),
        REFUSES("*@a@example.org", NAME_BAD_DOMAIN),
        REFUSES("\xEF\xBC\x8A@example.org", NAME_RESERVED), /* U+FF0A */
        REFUSES("alice", NAME_NO_DOMAIN),
        REFUSES("alice#p1@example.org", NAME_RESERVED),
        REFUSES("", NAME_EMPTY),
        REFUSES("<>", NAME_NO_DOMAIN),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[NAME_MAX_LENGTH + 1] = "";
        check_row(&rows[i], name_address(rows[i].in, out), out);
    }
}

static void test_domains(void **state)
{
    (void)state;
    static const struct row rows[] = {
        TAKES("Example.ORG", "example.org"),
        TAKES("example.org.", "example.org"),
        TAKES("b\xC3\xBC\x63her.example", "xn--bcher-kva.example"),
        REFUSES("", NAME_EMPTY),
        REFUSES(".", NAME_BAD_DOMAIN),
        REFUSES("a@example.org", NAME_BAD_DOMAIN),
        REFUSES("*.example.org", NAME_BAD_DOMAIN),
        REFUSES("exa mple.org", NAME_CONTROL),
        REFUSES("example.org\0", NAME_CONTROL),
        REFUSES("\xFF", NAME_NOT_UTF8),
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[NAME_MAX_LENGTH + 1] = "";
        check_row(&rows[i], name_domain(rows[i].in, out), out);
    }
}

static void test_every_error_has_a_text(void **state)
{
    (void)state;
    for (int error = NAME_OK; error <= NAME_BAD_DOMAIN; error++) {
        const char *text = name_error_text((enum name_error)error);
        assert_non_null(text);
        for (int other = NAME_OK; other < error; other++) {
            assert_string_not_equal(text, name_error_text((enum name_error)other));
        }
    }
}

/* Checks both properties. True: the name was accepted. */
static bool check_properties(struct span in)
{
    char once[NAME_MAX_LENGTH + 1];
    char twice[NAME_MAX_LENGTH + 1];

    if (name_login(in, "default.example", once) != NAME_OK) {
        return false;
    }
    assert_true(strlen(once) <= NAME_MAX_LENGTH);
    if (name_login(span_of(once), NULL, twice) != NAME_OK || strcmp(once, twice) != 0) {
        fail_msg("\"%.*s\" became \"%s\", which is not stable", (int)in.len, in.ptr, once);
    }
    char *at = strchr(once, '@');
    assert_non_null(at);
    assert_null(strpbrk(once, "#%!*\"\\ \t\r\n,:;<>()[]"));
    assert_int_equal(strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789-."), strlen(at + 1));
    for (const char *c = once; c < at; c++) {
        assert_false(*c >= 'A' && *c <= 'Z');
    }
    return true;
}

static size_t encode(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)((0xF0 << (4 - len)) | c);
    return len;
}

/* Every character of the first two planes and of the tags, in each part of a name. */
static void test_properties_of_every_character(void **state)
{
    (void)state;
    size_t taken = 0;
    for (uint32_t c = 0; c < 0xE1000; c = c == 0x1FFFF ? 0xE0000 : c + 1) {
        char letter[4];
        int len = (int)encode(c, letter);
        char name[64];
        int local = snprintf(name, sizeof(name), "a%.*sb@example.org", len, letter);
        if (c == 0) {
            local = 15;
        }
        taken += check_properties((struct span){name, (size_t)local});
        int domain = snprintf(name, sizeof(name), "a@b%.*sc.example", len, letter);
        taken += check_properties((struct span){name, (size_t)domain});
    }
    assert_in_range(taken, 50000, 400000); /* the property was checked for many names */
}

/* Names made at random from pieces that have caused bugs in other programs. */
static void test_properties_of_generated_names(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a",
        "Z",
        "9",
        "-",
        "--",
        ".",
        "@",
        "_",
        "#",
        "xn--",
        "XN--",
        "bcher-kva",
        "\xC3\xBC",
        "u\xCC\x88",
        "\xCC\x88",
        "\xCD\x85",
        "\xC3\x9F",
        "\xE1\xBA\x9E",
        "\xC4\xB0",
        "i\xCC\x87",
        "\xCE\xA3",
        "\xCF\x82",
        "\xE3\x80\x82",
        "\xEF\xBC\x8E",
        "\xEF\xBD\xA1",
        "\xEF\xBC\x83",
        "\xE1\xBE\xB3",
        "\xE1\xBE\xBC",
        "\xE2\x84\xAA",
        "\xE2\x84\xAB",
        "\xE0\xBE\xB2\xE0\xBE\x80",
        "\xEA\xAD\xB0",
        "\xE1\x8E\xA0",
        "\xF0\x90\x90\x80",
        "\xF0\x9D\x90\x80",
        "\xD7\x90",
        "\xD8\xA7",
        "\xD9\xA1",
        "\xE3\x82\xAB\xE3\x82\x99",
        "\xE1\x84\x80\xE1\x85\xA1",
        "\xE5\xBC\xA0",
        "\xF0\xAF\xA0\x80",
        ".example",
        "@example.org",
        "a@b",
        "nxa",
        "eckwd4c7cu47r2wf",
    };
    const size_t count = sizeof(pieces) / sizeof(pieces[0]);
    unsigned seed = 1;
    size_t taken = 0;
    for (int round = 0; round < 300000; round++) {
        char name[256];
        size_t len = 0;
        int parts = 1 + rand_r(&seed) % 7;
        for (int i = 0; i < parts; i++) {
            const char *piece = pieces[(size_t)rand_r(&seed) % count];
            memcpy(name + len, piece, strlen(piece));
            len += strlen(piece);
        }
        taken += check_properties((struct span){name, len});
    }
    assert_in_range(taken, 10000, 290000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_login_without_default_domain),
        cmocka_unit_test(test_longest_name),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_every_error_has_a_text),
        cmocka_unit_test(test_properties_of_every_character),
        cmocka_unit_test(test_properties_of_generated_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
