#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/program.h"
#include "ctl/columns.h"
#include "ctl/help.h"

static char *help_text(const char *a, const char *b)
{
    const char *words[] = {a, b};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_true(help_print(out, words, a == NULL ? 0 : b == NULL ? 1 : 2));
    fclose(out);
    return text;
}

static void has(const char *a, const char *b, const char *expected)
{
    char *text = help_text(a, b);

    if (strstr(text, expected) == NULL) {
        fail_msg("%s", text);
    }
    free(text);
}

static void test_topics(void **state)
{
    (void)state;
    has(NULL, NULL, "  app-password  add list show set rotate revoke\n");
    has("user", NULL,
        "  smtp-authctl user add LOGIN\n      add a user, and its domain if that is new\n");
    has("exit-status", NULL, "3  authd cannot be reached");
    has("options", NULL, "--dry-run");
    has("json", NULL,
        "  detail                    text            What happened, in one sentence.\n");
    has("json", "user", "  has_password              boolean");
    has("json", "scope", "of: site, domain, class, user.\n");
    has("user", "suspend", "usage: smtp-authctl user suspend USER [--reason TEXT]\n");
    has("user", "add",
        "usage: smtp-authctl user add LOGIN [--address ADDRESS]... [--class CLASS]\n");
    has("app-password", "add", "add USER --label TEXT [--expires WHEN]");
    has("user", "set", "Keys: class display_name domains[] recovery_address role second_factor\n");
}

static void test_unknown(void **state)
{
    static const char *const cases[][2] = {
        {"user", "frob"}, {"frob", NULL}, {"json", "frob"}, {"json", "completion"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        assert_false(help_print(out, cases[i], cases[i][1] == NULL ? 1 : 2));
        fclose(out);
        assert_int_equal(size, 0);
        free(text);
    }
}

/* A help page is no wider than a terminal, and the overview no longer. */
static void test_page(void **state)
{
    (void)state;
    for (size_t i = 0; nouns[i] != NULL; i++) {
        for (const struct command *command = nouns[i]->commands; command->verb != NULL; command++) {
            char *text = help_text(nouns[i]->name, command->verb);
            char *rest = strchr(text, '\n') + 1; /* the first line may be long */

            for (char *line = strtok(rest, "\n"); line != NULL; line = strtok(NULL, "\n")) {
                if (strlen(line) > 80) {
                    fail_msg("%s", line);
                }
            }
            free(text);
        }
    }

    char *text = help_text(NULL, NULL);
    size_t lines = 0;

    for (const char *c = text; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    assert_true(lines <= 24);
    free(text);
}

static void test_manual(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    help_manual(out);
    fclose(out);
    for (size_t i = 0; nouns[i] != NULL; i++) {
        for (const struct command *command = nouns[i]->commands; command->verb != NULL; command++) {
            char heading[160];
            char *to = heading;

            to += sprintf(to, ".SS ");
            for (const char *c = nouns[i]->name; *c != '\0'; c++) {
                to += sprintf(to, "%s%c", *c == '-' ? "\\" : "", *c);
            }
            assert_non_null(strstr(text, heading));
        }
    }
    assert_non_null(
        strstr(text, ".TH smtp\\-authctl 1\n.SH NAME\nsmtp\\-authctl \\- manages the "));
    assert_non_null(strstr(text, "\n    smtp\\-authctl user add alice@example.org "));
    assert_non_null(
        strstr(text, "\n\\fB\\-\\-dry\\-run\\fR\ncheck and show, but change nothing\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_manual),
    };

    program_set("smtp-authctl", NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
