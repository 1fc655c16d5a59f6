/* The basic types: arena, buf, mem, secret, reference, err. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/reference.h"
#include "base/secret.h"

static void test_arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    for (size_t size = 0; size < 600; size++) {
        unsigned char *ptr = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)ptr % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(ptr[i], 0);
        }
        memset(ptr, 0xA5, size); /* the next allocation must be zeroed all the same */
    }
    arena_destroy(arena);
}

static void test_arena_keeps_what_it_gave(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    char *small = arena_copy(arena, SPAN_LITERAL("small"));
    char *large = arena_alloc(arena, 100000);
    memset(large, 'x', 100000);
    char *text = arena_printf(arena, "%s-%d-%s", "a", 7, small);
    char *empty = arena_copy(arena, (struct span){NULL, 0});
    char *nul = arena_copy(arena, (struct span){"a\0b", 3});

    assert_string_equal(small, "small");
    assert_string_equal(text, "a-7-small");
    assert_string_equal(empty, "");
    assert_memory_equal(nul, "a\0b", 4);
    assert_int_equal(large[0], 'x');
    assert_int_equal(large[99999], 'x');
    arena_destroy(arena);
    arena_destroy(NULL);
}

static void test_buf_grows_to_its_maximum(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    for (int i = 0; i < 100; i++) {
        buf_append_text(&buf, "0123456789");
    }
    assert_false(buf.overflow);
    assert_int_equal(buf.len, 1000);
    assert_memory_equal(buf.data + 990, "0123456789", 10);

    buf_append(&buf, "x", 1);
    assert_true(buf.overflow);
    assert_int_equal(buf.len, 1000);
    buf_finish(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
}

static void test_buf_overflow_is_sticky(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 8);
    buf_append_text(&buf, "1234");
    buf_printf(&buf, "%s", "56789");
    buf_append_text(&buf, "5"); /* fits, but the text before it is missing */
    assert_true(buf.overflow);
    assert_true(span_is(buf_span(&buf), "1234"));
    assert_null(buf_reserve(&buf, 1));
    buf_finish(&buf);
}

static void test_buf_printf_needs_no_room_for_a_nul(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    buf_printf(&buf, "%d%s", 12, "345");
    assert_false(buf.overflow);
    assert_true(span_is(buf_span(&buf), "12345"));
    buf_finish(&buf);
}

static void test_buf_consume_and_reserve(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 16);
    buf_consume(&buf, 0);
    buf_append_text(&buf, "line1\nline2");
    buf_consume(&buf, 6);
    assert_true(span_is(buf_span(&buf), "line2"));
    assert_memory_equal(buf.data + 5, "\0\0\0\0\0\0", 6); /* the consumed octets were wiped */

    char *room = buf_reserve(&buf, 11);
    assert_non_null(room);
    memset(room, '.', 11);
    buf.len += 11;
    assert_true(span_is(buf_span(&buf), "line2..........."));
    assert_null(buf_reserve(&buf, 1));
    buf_consume(&buf, 16);
    assert_int_equal(buf.len, 0);
    buf_finish(&buf);
}

static void test_mem(void **state)
{
    (void)state;
    unsigned char *zeroed = mem_calloc(3, 5);
    for (int i = 0; i < 15; i++) {
        assert_int_equal(zeroed[i], 0);
    }
    zeroed = mem_realloc(zeroed, 0);
    assert_non_null(zeroed);
    free(zeroed);
    void *nothing = mem_calloc(0, 8);
    assert_non_null(nothing);
    free(nothing);
    char *copy = mem_strdup("text");
    assert_string_equal(copy, "text");
    free(copy);
}

static void test_secret_equal(void **state)
{
    (void)state;
    assert_true(secret_equal(SPAN_LITERAL("abc"), SPAN_LITERAL("abc")));
    assert_true(secret_equal(SPAN_LITERAL(""), (struct span){NULL, 0}));
    assert_true(secret_equal((struct span){"a\0b", 3}, (struct span){"a\0b", 3}));
    assert_false(secret_equal((struct span){"a\0b", 3}, (struct span){"a\0c", 3}));
    assert_false(secret_equal(SPAN_LITERAL("abc"), SPAN_LITERAL("abd")));
    assert_false(secret_equal(SPAN_LITERAL("abc"), SPAN_LITERAL("ab")));
    assert_false(secret_equal(SPAN_LITERAL("abc"), SPAN_LITERAL("")));
}

static void test_secret_wipe(void **state)
{
    (void)state;
    char secret[8] = "secret";
    secret_wipe(secret, 3);
    assert_memory_equal(secret, "\0\0\0ret\0", 8);
    secret_wipe(NULL, 0);
}

static void test_secret_random_fills_everything(void **state)
{
    (void)state;
    unsigned char seen[32] = {0};
    for (int round = 0; round < 64; round++) {
        unsigned char out[sizeof(seen) + 1] = {0};
        secret_random(out, sizeof(seen));
        assert_int_equal(out[sizeof(seen)], 0);
        for (size_t i = 0; i < sizeof(seen); i++) {
            seen[i] |= out[i];
        }
    }
    for (size_t i = 0; i < sizeof(seen); i++) {
        assert_int_equal(seen[i], 0xFF); /* fails by chance once in 2^55 */
    }
}

static void test_reference(void **state)
{
    (void)state;
    char first[REFERENCE_LENGTH + 1];
    char second[REFERENCE_LENGTH + 1];
    reference_make(first);
    reference_make(second);
    assert_int_equal(strlen(first), REFERENCE_LENGTH);
    assert_int_equal(strspn(first, "abcdefghijklmnopqrstuvwxyz234567"), REFERENCE_LENGTH);
    assert_string_not_equal(first, second);
}

static void test_err_is_one_line(void **state)
{
    (void)state;
    struct err err;
    assert_false(err_set(&err, "%s: bad\nline %d", "file", 3));
    assert_string_equal(err.text, "file: bad line 3");
    err_set(&err, "outer: %s", err.text); /* an err may take its own text */
    assert_string_equal(err.text, "outer: file: bad line 3");
}

static void test_err_cuts_between_characters(void **state)
{
    (void)state;
    struct err err;
    char text[600];
    for (size_t lead = 0; lead < 3; lead++) {
        memset(text, 'a', lead);
        for (size_t i = lead; i + 2 < sizeof(text); i += 2) {
            memcpy(text + i, "\xC3\xBC", 3);
        }
        err_set(&err, "%s", text);
        size_t len = strlen(err.text);
        assert_in_range(len, sizeof(err.text) - 3, sizeof(err.text) - 1);
        assert_string_equal(err.text + len - 3, "...");
        assert_int_equal((unsigned char)err.text[len - 4], 0xBC);
    }
}

static void test_clock_does_not_go_back(void **state)
{
    (void)state;
    int64_t before = clock_ms();
    assert_true(before > 0);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_ms();
        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(test_arena_keeps_what_it_gave),
        cmocka_unit_test(test_buf_grows_to_its_maximum),
        cmocka_unit_test(test_buf_overflow_is_sticky),
        cmocka_unit_test(test_buf_printf_needs_no_room_for_a_nul),
        cmocka_unit_test(test_buf_consume_and_reserve),
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_secret_equal),
        cmocka_unit_test(test_secret_wipe),
        cmocka_unit_test(test_secret_random_fills_everything),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_err_is_one_line),
        cmocka_unit_test(test_err_cuts_between_characters),
        cmocka_unit_test(test_clock_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
