#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/program.h"
#include "ctl/command.h"

#define ARGUMENTS_MAX 16

/* Splits `line` at blanks; an empty pair of quotes is an empty argument. */
static bool parse(struct invocation *invocation, const char *line, struct err *err)
{
    static char copy[512];
    static char program[] = "called";
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
    assert_string_equal(invocation.noun->name, "user");
    assert_string_equal(invocation.command->verb, "show");
    assert_int_equal(invocation.count, 1);
    assert_string_equal(invocation.words[0], "alice");
    assert_int_equal(invocation.timeout, 30);
    assert_int_equal(invocation.given_count, 0);

    assert_true(parse(
        &invocation, "--json user --timeout=5s add --address a@x alice --address=b@x --yes", &err));
    assert_true(option_given(&invocation, OPTION_JSON));
    assert_true(option_given(&invocation, OPTION_YES));
    assert_false(option_given(&invocation, OPTION_DRY_RUN));
    assert_int_equal(invocation.timeout, 5);
    assert_int_equal(invocation.given_count, 5);
    assert_int_equal(invocation.given[2].option, OPTION_ADDRESS);
    assert_string_equal(invocation.given[2].value, "a@x");
    assert_string_equal(invocation.given[3].value, "b@x");
    assert_int_equal(invocation.count, 1);

    assert_true(parse(&invocation, "user show -- --json", &err));
    assert_string_equal(invocation.words[0], "--json");
    assert_false(option_given(&invocation, OPTION_JSON));

    assert_true(parse(&invocation, "user suspend alice --reason --json", &err));
    assert_string_equal(option_value(&invocation, OPTION_REASON), "--json");
    assert_true(parse(&invocation, "user suspend alice --reason=", &err));
    assert_string_equal(option_value(&invocation, OPTION_REASON), "");
}

static void test_usage_errors(void **state)
{
    static const struct {
        const char *line;
        const char *text;
    } cases[] = {
        {"", "what shall be done? see called help"},
        {"user", "user needs a verb; see called help user"},
        {"usr list", "no noun \"usr\"; did you mean \"user\"?"},
        {"zebra list", "no noun \"zebra\"; see called help"},
        {"user remove alice", "no verb \"remove\" for user; did you mean \"delete\"?"},
        {"address delete alice", "no verb \"delete\" for address; did you mean \"remove\"?"},
        {"user lst", "no verb \"lst\" for user; did you mean \"list\"?"},
        {"user ls", "no verb \"ls\" for user; did you mean \"list\"?"},
        {"used list", "no noun \"used\"; did you mean \"user\"?"},
        {"us list", "no noun \"us\"; see called help"},
        {"user ad x", "no verb \"ad\" for user; see called help user"},
        {"user lshw", "no verb \"lshw\" for user; see called help user"},
        {"user list --mach=x", "no option --mach; did you mean --match?"},
        {"user list --password=secret", "no option --password"},
        {"user show a\xff", "argument 3 is not UTF-8"},
        {"user suspend a --reason \xe4", "argument 5 is not UTF-8"},
        {"user add a --address=\xe4@x", "argument 4 is not UTF-8"},
        {"user l", "no verb \"l\" for user; see called help user"},
        {"user list --sespended", "no option --sespended; did you mean --suspended?"},
        {"user list --sok", "no option --sok"},
        {"user list -j", "no option -j: options are words, like --json"},
        {"user list --reason x", "user list has no option --reason"},
        {"user list --json=1", "--json takes no value"},
        {"user list --match", "--match needs a value"},
        {"user list --match a --match b", "--match is given twice"},
        {"user list --timeout 0", "--timeout takes 1s to 1h"},
        {"user list --timeout 61m", "--timeout takes 1s to 1h"},
        {"user list --timeout x", "--timeout takes 1s to 1h"},
        {"app-password remove a 1",
         "no verb \"remove\" for app-password; did you mean \"revoke\"?"},
        {"app-password add alice", "app-password add needs --label TEXT"},
        {"app-passwort list a", "no noun \"app-passwort\"; did you mean \"app-password\"?"},
        {"user list --plain --wide", "--plain and --wide exclude each other"},
        {"user list --url https://x --socket y", "--socket and --url exclude each other"},
        {"user list --token-file y", "--token-file belongs to --url"},
        {"user list --cacert y", "--cacert belongs to --url"},
        {"user list --domain a --domain b", "--domain is given twice"},
        {"scope check",
         "too few arguments; usage: called scope check FILE [USER|domain:D|class:C|site]"},
        {"user list all", "too many arguments; usage: called user list"},
        {"user set alice", "too few arguments; usage: called user set USER KEY=VALUE..."},
        {"user show ''", "an argument is empty; usage: called user show USER"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct invocation invocation;
        struct err err = {""};

        assert_false(parse(&invocation, cases[i].line, &err));
        assert_string_equal(err.text, cases[i].text);
    }
}

/* Options before the mistake decide how the error is reported. */
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

/* Every row of the table can be parsed, has help, and can be run. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; nouns[i] != NULL; i++) {
        for (const struct command *command = nouns[i]->commands; command->verb != NULL; command++) {
            bool calls = command->run == NULL;

            char begin[64];

            snprintf(begin, sizeof(begin), "%s %s", nouns[i]->name, command->verb);
            assert_ptr_equal(strstr(command->example, begin), command->example);
            assert_true(command_max(command) <= WORDS_MAX);
            assert_true(!calls || (command->method != NULL && command->path != NULL));
            assert_true(command->output != OUTPUT_CHANGE || command->done != NULL);
            assert_true(!calls || command->columns != NULL || nouns[i]->columns != NULL);
            for (const struct input *input = command->inputs;
                 input != NULL && input->option != OPTION_NONE; input++) {
                assert_false(option_global(input->option));
            }
        }
    }
}

/* The example of every command is a good command line. */
static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; nouns[i] != NULL; i++) {
        for (const struct command *command = nouns[i]->commands; command->verb != NULL; command++) {
            const char *line = command->example;
            struct invocation invocation;
            char copy[512];
            char *out = copy;
            bool quoted = false;
            struct err err = {""};

            /* like a shell: removes quotes, keeps blanks between them, stops at a redirection */
            for (; *line != '\0' && (quoted || strchr("<>|)", *line) == NULL); line++) {
                if (*line == '"') {
                    quoted = !quoted;
                } else {
                    *out++ = quoted && *line == ' ' ? '_' : *line;
                }
            }
            *out = '\0';
            if (!parse(&invocation, copy, &err)) {
                fail_msg("%s: %s", command->example, err.text);
            }
            assert_ptr_equal(invocation.command, command);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_usage_errors),
        cmocka_unit_test(test_json_of_an_error),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_examples),
    };

    program_set("called", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
