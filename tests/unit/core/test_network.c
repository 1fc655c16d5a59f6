/* Addresses and networks: tables of what is taken and refused, and random addresses against texts
 * that the test writes by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/network.h"

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out; /* NULL: refused */
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::FFFF:c000:201", "192.0.2.1"},
        {"2001:DB8::1", "2001:db8::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"::192.0.2.1", "::c000:201"},
        {"::1:0", "::1:0"},
        {"::0.0.0.1", "::1"},
        {"::fffe:192.0.2.1", "::fffe:c000:201"},
        {"1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"fe80::1%eth0", "fe80::1"},
        {"", NULL},
        {"192.0.2", NULL},
        {"192.0.2.1.1", NULL},
        {"192.0.2.256", NULL},
        {"192.0.2.01", NULL},
        {"192.0.2.+1", NULL},
        {"192.0.2.1 ", NULL},
        {"192.0.2.1%eth0", NULL},
        {"192.0.2.", NULL},
        {".192.0.2", NULL},
        {"0x7f.0.0.1", NULL},
        {"2130706433", NULL},
        {":", NULL},
        {":::", NULL},
        {"1::2::3", NULL},
        {":1", NULL},
        {"1:", NULL},
        {":1:2:3:4:5:6:7", NULL},
        {"1:2:3:4:5:6:7:", NULL},
        {"1:2:3:4:5:6:7:8:9", NULL},
        {"1:2:3:4:5:6:7:8::", NULL},
        {"12345::", NULL},
        {"g::", NULL},
        {"192.0.2.1::", NULL},
        {"::192.0.2.1:1", NULL},
        {"[::1]", NULL},
        {"example.org", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct network_address address;
        char text[NETWORK_TEXT_SIZE];
        bool taken = network_address_parse(span_of(rows[i].in), &address);

        if (taken != (rows[i].out != NULL)) {
            fail_msg("%s: %s", rows[i].in, taken ? "taken" : "refused");
        }
        assert_string_equal(network_address_text(&address, text), taken ? rows[i].out : "");
    }
}

static void test_not_a_text(void **state)
{
    static const char long_zeros[] = "0000:0000:0000:0000:0000:0000:0000:00000000000001";
    struct network_address address;
    struct network network;

    (void)state;
    assert_false(network_address_parse((struct span){NULL, 0}, &address));
    assert_false(network_address_parse(SPAN_LITERAL("192.0.2.1\0"), &address));
    assert_false(network_address_parse(SPAN_LITERAL("::1\0:2"), &address));
    assert_false(network_address_parse(span_of(long_zeros), &address));
    assert_int_equal(network_parse(SPAN_LITERAL("192.0.2.1\0/24"), &network), NETWORK_NOT_ADDRESS);
    assert_int_equal(network_parse(SPAN_LITERAL("192.0.2.0/24\0"), &network), NETWORK_BAD_PREFIX);
}

/* RFC 5952 section 4, written without the system's functions: of eight groups, the zeros that "::"
 * stands for begin at `gap`. */
static void write_groups(const unsigned groups[static 8], int gap, int length, char *out)
{
    for (int i = 0; i < 8; i++) {
        if (length > 1 && i == gap) {
            out += sprintf(out, "::");
            i += length - 1;
        } else {
            bool first = i == 0 || (length > 1 && i == gap + length);

            out += sprintf(out, "%s%x", first ? "" : ":", groups[i]);
        }
    }
}

static void write_rfc5952(const unsigned groups[static 8], char *out)
{
    int gap = 0;
    int length = 0;

    for (int start = 7; start >= 0; start--) {
        int end = start;

        while (end < 8 && groups[end] == 0) {
            end++;
        }
        if (end - start >= length) {
            gap = start;
            length = end - start;
        }
    }
    write_groups(groups, gap, length, out);
}

/* Random groups, many of which are zero: read in their longest form, written in their shortest. The
 * hashes of scope documents depend on these texts. */
static void test_random_addresses(void **state)
{
    unsigned number = 1;

    (void)state;
    for (int round = 0; round < 50000; round++) {
        unsigned groups[8];
        uint8_t octets[16];
        char in[40];
        char wanted[NETWORK_TEXT_SIZE];
        char text[NETWORK_TEXT_SIZE];
        struct network_address address;

        for (int i = 0; i < 8; i++) {
            number = number * 1103515245 + 12345;
            groups[i] = (number >> 28) % 3 == 0 ? number >> 12 & 0xFFFF : 0;
            octets[2 * i] = (uint8_t)(groups[i] >> 8);
            octets[2 * i + 1] = (uint8_t)groups[i];
            sprintf(in + (ptrdiff_t)5 * i, "%04X%s", groups[i], i < 7 ? ":" : "");
        }
        assert_true(network_address_parse(span_of(in), &address));
        assert_memory_equal(address.octets, octets, sizeof(octets));
        write_rfc5952(groups, wanted);
        assert_string_equal(network_address_text(&address, text), wanted);
    }
}

static void test_networks(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum network_error error;
        const char *out; /* also with NETWORK_HOST_BITS */
    } rows[] = {
        {"192.0.2.0/24", NETWORK_OK, "192.0.2.0/24"},
        {"192.0.2.1", NETWORK_OK, "192.0.2.1/32"},
        {"192.0.2.1/32", NETWORK_OK, "192.0.2.1/32"},
        {"0.0.0.0/0", NETWORK_OK, "0.0.0.0/0"},
        {"::ffff:192.0.2.0/120", NETWORK_OK, "192.0.2.0/24"},
        {"::ffff:0:0/96", NETWORK_OK, "0.0.0.0/0"},
        {"2001:DB8::/32", NETWORK_OK, "2001:db8::/32"},
        {"2001:db8::1", NETWORK_OK, "2001:db8::1/128"},
        {"::/0", NETWORK_OK, "::/0"},
        {"192.0.2.1/24", NETWORK_HOST_BITS, "192.0.2.0/24"},
        {"192.0.2.129/25", NETWORK_HOST_BITS, "192.0.2.128/25"},
        {"10.0.0.1/0", NETWORK_HOST_BITS, "0.0.0.0/0"},
        {"2001:db8::1/32", NETWORK_HOST_BITS, "2001:db8::/32"},
        {"::ffff:192.0.2.1/80", NETWORK_HOST_BITS, "::/80"},
        {"192.0.2.0/33", NETWORK_BAD_PREFIX, NULL},
        {"2001:db8::/129", NETWORK_BAD_PREFIX, NULL},
        {"192.0.2.0/", NETWORK_BAD_PREFIX, NULL},
        {"192.0.2.0/024", NETWORK_BAD_PREFIX, NULL},
        {"192.0.2.0/-1", NETWORK_BAD_PREFIX, NULL},
        {"192.0.2.0/255.255.255.0", NETWORK_BAD_PREFIX, NULL},
        {"192.0.2.0/24/24", NETWORK_BAD_PREFIX, NULL},
        {"", NETWORK_NOT_ADDRESS, NULL},
        {"/24", NETWORK_NOT_ADDRESS, NULL},
        {"192.0.2/24", NETWORK_NOT_ADDRESS, NULL},
        {"fe80::1%eth0/64", NETWORK_NOT_ADDRESS, NULL},
        {"fe80::1%eth0", NETWORK_NOT_ADDRESS, NULL},
        {"example.org", NETWORK_NOT_ADDRESS, NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct network network;
        char text[NETWORK_TEXT_SIZE];
        enum network_error error = network_parse(span_of(rows[i].in), &network);

        if (error != rows[i].error) {
            fail_msg("%s: error %d, not %d", rows[i].in, (int)error, (int)rows[i].error);
        }
        if (rows[i].out != NULL) {
            assert_string_equal(network_text(&network, text), rows[i].out);
        }
    }
}

static void test_contains(void **state)
{
    (void)state;
    static const struct {
        const char *network;
        const char *address;
        bool inside;
    } rows[] = {
        {"192.0.2.0/24", "192.0.2.0", true},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.0/24", "::ffff:192.0.2.7", true},
        {"::ffff:192.0.2.0/120", "192.0.2.7", true},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "192.0.2.1", false},
        {"::/0", "::1", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"fe80::/10", "fe80::1%eth0", true},
        {"192.0.2.0/24", "unknown", false},
        {"::/0", "", false},
        {"0.0.0.0/0", "", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct network network;
        struct network_address address;

        assert_int_equal(network_parse(span_of(rows[i].network), &network), NETWORK_OK);
        network_address_parse(span_of(rows[i].address), &address);
        if (network_contains(&network, &address) != rows[i].inside) {
            fail_msg("%s in %s", rows[i].address, rows[i].network);
        }
    }
}

static void test_around(void **state)
{
    static const struct {
        const char *address;
        unsigned bits4, bits6;
        const char *network;
    } table[] = {
        {"192.0.2.77", 24, 64, "192.0.2.0/24"},
        {"192.0.2.77", 32, 64, "192.0.2.77/32"},
        {"192.0.255.1", 17, 64, "192.0.128.0/17"},
        {"::ffff:192.0.2.77", 24, 64, "192.0.2.0/24"},
        {"2001:db8:1:2:3:4:5:6", 24, 64, "2001:db8:1:2::/64"},
        {"2001:db8:1:2:3:4:5:6", 24, 48, "2001:db8:1::/48"},
        {"2001:db8::1", 24, 128, "2001:db8::1/128"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct network_address address;
        char text[NETWORK_TEXT_SIZE];

        assert_true(network_address_parse(span_of(table[i].address), &address));

        struct network network = network_around(&address, table[i].bits4, table[i].bits6);

        assert_string_equal(network_text(&network, text), table[i].network);
        assert_true(network_contains(&network, &address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),        cmocka_unit_test(test_not_a_text),
        cmocka_unit_test(test_random_addresses), cmocka_unit_test(test_networks),
        cmocka_unit_test(test_contains),         cmocka_unit_test(test_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
