#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/cursor.h"

static const uint8_t key[CURSOR_KEY_LENGTH] = {1, 2, 3};
static struct arena *arena;

static json_t *read_with(const uint8_t *with, const char *route, const char *filters,
                         const char *text)
{
    json_t *object = json_loads(filters, 0, NULL);
    const struct cursor_list list = {.key = with, .route = route, .filters = object};
    json_t *position = cursor_read(&list, text);

    json_decref(object);
    return position;
}

static const char *make(const char *position)
{
    json_t *filters = json_loads("{\"a\":1,\"b\":\"x\"}", 0, NULL);
    json_t *value = json_loads(position, JSON_DECODE_ANY, NULL);
    const struct cursor_list list = {.key = key, .route = "/v1/users", .filters = filters};
    const char *text = cursor_make(&list, value, arena);

    json_decref(filters);
    json_decref(value);
    return text;
}

static void test_round(void **state)
{
    static const char *const positions[] = {"\"alice@example.org\"", "[1,null,\"x\"]", "{}", "0"};

    (void)state;
    for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
        const char *text = make(positions[i]);
        json_t *expected = json_loads(positions[i], JSON_DECODE_ANY, NULL);
        json_t *position = read_with(key, "/v1/users", "{\"b\":\"x\",\"a\":1}", text);

        assert_non_null(position);
        assert_true(json_equal(position, expected));
        assert_int_equal(
            strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            strlen(text));
        json_decref(position);
        json_decref(expected);
    }
}

static void test_forged(void **state)
{
    static const uint8_t other[CURSOR_KEY_LENGTH] = {1, 2, 4};
    const char *text = make("\"alice@example.org\"");
    char changed[128];

    (void)state;
    assert_null(read_with(other, "/v1/users", "{\"a\":1,\"b\":\"x\"}", text));
    assert_null(read_with(key, "/v1/domains", "{\"a\":1,\"b\":\"x\"}", text));
    assert_null(read_with(key, "/v1/users", "{\"a\":1}", text));
    assert_null(read_with(key, "/v1/users", "{\"a\":2,\"b\":\"x\"}", text));
    for (size_t i = 0; i < strlen(text); i++) {
        strcpy(changed, text);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_null(read_with(key, "/v1/users", "{\"a\":1,\"b\":\"x\"}", changed));
    }
    assert_null(read_with(key, "/v1/users", "{\"a\":1,\"b\":\"x\"}", ""));
    assert_null(read_with(key, "/v1/users", "{\"a\":1,\"b\":\"x\"}", "AAAAAAAAAAAAAAAAAAAAAA"));
    assert_null(read_with(key, "/v1/users", "{\"a\":1,\"b\":\"x\"}", "not base64"));
}

static void test_bounds(void **state)
{
    char position[CURSOR_MAX + 3];

    (void)state;
    memset(position, 'x', sizeof(position) - 1);
    position[0] = position[sizeof(position) - 2] = '"';
    position[sizeof(position) - 1] = '\0';
    assert_null(make(position));
    assert_null(read_with(key, "/v1/users", "{}", position));
}

static int setup(void **state)
{
    (void)state;
    arena = arena_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
