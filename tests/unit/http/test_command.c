#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ctl/command.h"

#define ARGUMENTS_MAX 16

/* Splits `line` at blanks; an empty pair of quotes is an empty argument. */
static bool parse(struct invocation *invocation, const char *line, struct err *err)
{
    static char copy[512];
    static char program[] = "authctl";
    static char empty[] = "";
    char *argv[ARGUMENTS_MAX] = {program};
    int argc = 1;

    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < ARGUMENTS_MAX - 1);
        argv[argc++] = strcmp(word, "''") == 0 ? empty : word;
    }
    return command_parse(invocation, argc, argv, err);
}

static void test_good(void **state)
{
    struct invocation invocation;
    struct err err;

    (void)state;
    assert_true(parse(&invocation, "user show alice", &err));
    assert_string_equal(invocation.command->verb, "show");
    assert_int_equal(invocation.count, 1);
    assert_string_equal(invocation.words[0], "alice");
    assert_int_equal(invocation.timeout, 30);
    assert_int_equal(invocation.given, 0);

    assert_true(parse(
        &invocation, "--json user --timeout=5s add --address a@x alice --address=b@x --yes", &err));
    assert_true(option_given(&invocation, OPTION_JSON));
    assert_true(option_given(&invocation, OPTION_YES));
    assert_false(option_given(&invocation, OPTION_DRY_RUN));
    assert_int_equal(invocation.timeout, 5);
    assert_int_equal(invocation.address_count, 2);
    assert_string_equal(invocation.addresses[0], "a@x");
    assert_string_equal(invocation.addresses[1], "b@x");
    assert_int_equal(invocation.count, 1);

    assert_true(parse(&invocation, "user show -- --json", &err));
    assert_string_equal(invocation.words[0], "--json");
    assert_false(option_given(&invocation, OPTION_JSON));

    assert_true(parse(&invocation, "user suspend alice --reason --json", &err));
    assert_string_equal(invocation.values[OPTION_REASON], "--json");
    assert_true(parse(&invocation, "user suspend alice --reason=", &err));
    assert_string_equal(invocation.values[OPTION_REASON], "");
}

static void test_usage_errors(void **state)
{
    static const struct {
        const char *line;
        const char *text;
    } cases[] = {
        {"", "what shall be done? see authctl help"},
        {"user", "user needs a verb; see authctl help user"},
        {"usr list", "no noun \"usr\"; did you mean \"user\"?"},
        {"zebra list", "no noun \"zebra\"; see authctl help"},
        {"user remove alice", "no verb \"remove\" for user; did you mean \"delete\"?"},
        {"address delete alice", "no verb \"delete\" for address; did you mean \"remove\"?"},
        {"user lst", "no verb \"lst\" for user; did you mean \"list\"?"},
        {"user ls", "no verb \"ls\" for user; did you mean \"list\"?"},
        {"used list", "no noun \"used\"; did you mean \"user\"?"},
        {"us list", "no noun \"us\"; see authctl help"},
        {"user ad x", "no verb \"ad\" for user; see authctl help user"},
        {"user lshw", "no verb \"lshw\" for user; see authctl help user"},
        {"user list --mach=x", "no option --mach; did you mean --match?"},
        {"user list --password=secret", "no option --password"},
        {"user show a\xff", "argument 3 is not UTF-8"},
        {"user suspend a --reason \xe4", "argument 5 is not UTF-8"},
        {"user add a --address=\xe4@x", "argument 4 is not UTF-8"},
        {"user l", "no verb \"l\" for user; see authctl help user"},
        {"user list --sespended", "no option --sespended; did you mean --suspended?"},
        {"user list --sok", "no option --sok"},
        {"user list -j", "no option -j: options are words, like --json"},
        {"user list --reason x", "user list has no option --reason"},
        {"user list --json=1", "--json takes no value"},
        {"user list --match", "--match needs a value"},
        {"user list --match a --match b", "--match is given twice"},
        {"user list --timeout 0", "--timeout takes 1 to 3600 seconds"},
        {"user list --timeout 5m", "--timeout takes 1 to 3600 seconds"},
        {"user list --timeout x", "--timeout takes 1 to 3600 seconds"},
        {"user list all", "too many arguments; usage: authctl user list"},
        {"user set alice", "too few arguments; usage: authctl user set USER KEY=VALUE..."},
        {"user show ''", "an argument is empty; usage: authctl user show USER"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct invocation invocation;
        struct err err = {""};

        assert_false(parse(&invocation, cases[i].line, &err));
        assert_string_equal(err.text, cases[i].text);
    }
}

/* What was understood before the error says how to report it. */
static void test_json_of_an_error(void **state)
{
    struct invocation invocation;
    struct err err;

    (void)state;
    assert_false(parse(&invocation, "--json user frob", &err));
    assert_true(option_given(&invocation, OPTION_JSON));
    assert_false(parse(&invocation, "user list --frob --json", &err));
    assert_true(option_given(&invocation, OPTION_JSON));
    assert_false(parse(&invocation, "user show \xff --json", &err));
    assert_true(option_given(&invocation, OPTION_JSON));
    assert_false(parse(&invocation, "user list --frob -- --json", &err));
    assert_false(option_given(&invocation, OPTION_JSON));
}

static void test_help(void **state)
{
    struct invocation invocation;
    struct err err;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_true(parse(&invocation, "help user add", &err));
    assert_true(option_given(&invocation, OPTION_HELP));
    assert_true(help_print(out, invocation.words, invocation.count));
    assert_true(parse(&invocation, "address who --help", &err));
    assert_true(help_print(out, invocation.words, invocation.count));
    assert_true(help_print(out, NULL, 0));
    assert_true(help_print(out, (const char *const[]){"exit-status"}, 1));
    fclose(out);
    assert_non_null(strstr(text,
                           "usage: authctl user add LOGIN [--address A]... [--password-stdin] "
                           "[--role ROLE] [--service]\n"));
    assert_non_null(strstr(text, "usage: authctl address who ADDRESS\n"));
    free(text);

    out = open_memstream(&text, &size);
    assert_false(help_print(out, (const char *const[]){"user", "frob"}, 2));
    fclose(out);
    assert_int_equal(size, 0);
    free(text);
}

static void test_table(void **state)
{
    (void)state;
    for (const struct command *command = commands; command->noun != NULL; command++) {
        assert_non_null(command->run);
        assert_non_null(strstr(command->example, command->noun));
        assert_non_null(strstr(command->example, command->verb));
        assert_int_equal(command->options & OPTIONS_GLOBAL, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_usage_errors),
        cmocka_unit_test(test_json_of_an_error),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
