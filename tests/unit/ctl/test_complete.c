#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ctl/complete.h"

#define LINE_MAX_LENGTH 4096

struct seen {
    char words[LINE_MAX_LENGTH];
    char asked[256];
};

static void see(void *arg, const char *word)
{
    struct seen *seen = arg;
    size_t len = strlen(seen->words);

    snprintf(seen->words + len, sizeof(seen->words) - len, "%s ", word);
}

static void see_question(struct complete *complete, const char *placeholder, const char *typed)
{
    struct seen *seen = complete->arg;

    snprintf(seen->asked, sizeof(seen->asked), "%s:%s", placeholder, typed);
}

/* Splits `line` at blanks; a line that ends with a blank has an empty last word. */
static void complete_line(struct seen *seen, const char *line)
{
    static char copy[512];
    const char *words[32];
    struct complete complete = {see, see_question, seen};
    size_t count = 0;
    char *rest = copy;

    *seen = (struct seen){.words = ""};
    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        words[count++] = word;
    }
    complete_words(&complete, words, count);
}

static void offers(const char *line, const char *words, const char *asked)
{
    struct seen seen;

    complete_line(&seen, line);
    assert_string_equal(seen.words, words);
    assert_string_equal(seen.asked, asked);
}

static void test_words(void **state)
{
    (void)state;
    offers("us", "user ", "");
    offers("a", "address app-password api-key audit ", "");
    offers("user s", "show set suspend ", "");
    offers("nonsense s", "", "");
    offers("user nonsense s", "", "");
    offers("completion b", "bash ", "");
}

static void test_arguments(void **state)
{
    (void)state;
    offers("user show al", "", "USER:al");
    offers("user show ", "", "USER:");
    offers("user show alice ", "", "");
    offers("address add alice ", "", "ADDRESS:");
    offers("--json user show al", "", "USER:al");
    offers("--socket /x user show al", "", "USER:al");
    offers("--timeout=5s user show al", "", "USER:al");
    offers("user show -- al", "", "USER:al");
    offers("scope get ", "site domain: class: ", "USER|domain:D|class:C|site:");
    offers("scope get dom", "domain: ", "USER|domain:D|class:C|site:dom");
    offers("scope check f.json d", "domain: ", "USER|domain:D|class:C|site:d");
    offers("user set alice na", "", "KEY=VALUE:na");
}

static void test_options(void **state)
{
    struct seen seen;

    (void)state;
    offers("user suspend alice --rea", "--reason ", "");
    offers("user suspend alice --lab", "", "");
    offers("--soc", "--socket ", "");
    offers("user add x --role h", "helpdesk ", "ROLE:h");
    offers("user list --domain exa", "", "DOMAIN:exa");
    offers("user list --sort cr", "created_at ", "ORDER:cr");
    complete_line(&seen, "user show -- --j");
    assert_string_equal(seen.words, "");
}

static void test_values(void **state)
{
    static const char *const words[] = {"--socket", "/s", "--url=https://x", "user",
                                        "--socke",  "/t", "--cacert"};
    static const char *const ended[] = {"user", "--", "--socket", "/s", ""};

    (void)state;
    assert_string_equal(complete_value(words, 7, OPTION_SOCKET), "/s");
    assert_string_equal(complete_value(words, 7, OPTION_URL), "https://x");
    assert_null(complete_value(words, 7, OPTION_CACERT));
    assert_null(complete_value(words, 2, OPTION_SOCKET)); /* the value is still being typed */
    assert_null(complete_value(ended, 5, OPTION_SOCKET));
}

/* A value that a shell would run or expand is never offered. */
static void test_plain(void **state)
{
    static const char *const bad[] = {"",      "$(x)@x", "a;b@x", "a b@x", "'a@x",  "\"a\"@x",
                                      "a*@x",  "a\nb@x", "~a@x",  "a`b@x", "a|b@x", "a\\@x",
                                      "a{b@x", "!a@x",   "a?@x",  "#a@x",  "-rf@x", "a\xc3\xa4@x"};

    (void)state;
    assert_true(complete_is_plain("alice.adams+x@example.org"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(complete_is_plain(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),   cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_options), cmocka_unit_test(test_values),
        cmocka_unit_test(test_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
