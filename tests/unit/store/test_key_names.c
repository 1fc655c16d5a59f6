/* Which key files fit which list of keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/key_names.h"

/* `text`: names separated by commas. */
static struct key_names names_of(const char *text)
{
    struct key_names names = {0};
    char copy[512];

    strcpy(copy, text);
    for (char *name = strtok(copy, ","); name != NULL; name = strtok(NULL, ",")) {
        key_names_add(&names, name);
    }
    return names;
}

static const char *flaw_of(const char *mine, const char *listed)
{
    static struct err why;
    const struct key_names mine_names = names_of(mine);
    const struct key_names listed_names = names_of(listed);

    return key_names_fit(&mine_names, &listed_names, &why) ? NULL : why.text;
}

static void test_all_that_is_listed_has_to_be_there(void **state)
{
    (void)state;
    assert_null(flaw_of("pepper a,encryption b,audit c", "audit c,pepper a,encryption b"));
    assert_non_null(
        strstr(flaw_of("pepper a,audit c", "pepper a,encryption b,audit c"), "encryption b"));
    assert_non_null(strstr(flaw_of("pepper a", "pepper a,pepper aa"), "pepper aa"));
    assert_non_null(strstr(flaw_of("pepper a", "encryption a"), "copy them"));
}

static void test_what_makes_has_to_be_listed(void **state)
{
    (void)state;
    assert_null(
        flaw_of("pepper a,pepper new,encryption b", "pepper a,encryption b")); /* prepared */
    assert_null(
        flaw_of("pepper a,pepper old,encryption b,encryption new", "pepper a,encryption b"));
    assert_non_null(
        strstr(flaw_of("pepper new,pepper a,encryption b", "pepper a,encryption b"), "--migrate"));
    assert_non_null(strstr(flaw_of("pepper a,encryption new,encryption b", "pepper a,encryption b"),
                           "encryption new"));
    assert_non_null(flaw_of("pepper a", ""));
}

static void test_too_many_are_left_out(void **state)
{
    struct key_names names = {0};

    (void)state;
    for (int i = 0; i < KEY_NAMES_MAX + 5; i++) {
        key_names_add(&names, "pepper a");
    }
    assert_int_equal(names.count, KEY_NAMES_MAX);
    names.count = 0;
    key_names_add(&names, "a name that is longer than any of them");
    assert_int_equal(names.count, 0);
    assert_false(key_names_have(&names, "pepper a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_is_listed_has_to_be_there),
        cmocka_unit_test(test_what_makes_has_to_be_listed),
        cmocka_unit_test(test_too_many_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
