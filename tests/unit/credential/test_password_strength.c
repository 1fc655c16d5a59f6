/* The flaws for which a password is refused, their sentences, and passwords that are accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "credential/password_strength.h"

static const char *const site_words[] = {"acme", "rocketeer"};
static const struct password_rules rules = {.min_length = 15,
                                            .min_length_with_factor = 8,
                                            .min_score = 3,
                                            .words = site_words,
                                            .word_count = 2};
static const char *const names[] = {"alice.liddell@wonderland.example", "Alice Pleasance Liddell",
                                    "dinah@cat.example", "sales@shop.example",
                                    "queen77hearts@example.org"};
static const struct password_owner alice = {.names = names, .count = 5};

static struct password_strength strength_of(const char *password)
{
    return password_strength_of(&rules, &alice, span_of(password));
}

static void test_table(void **state)
{
    static const struct {
        const char *password;
        unsigned flaws;
    } table[] = {
        {"correct horse battery staple", 0},
        {"marmot quartz lamp drizzle", 0},
        {"lowercase only is fine", 0},
        {"8f3a9c1be77d0254aa01b3c4", 0},
        {"\xD0\xBA\xD0\xBE\xD1\x80\xD0\xBE\xD0\xB2\xD0\xB0 \xD0\xBF\xD0\xBE\xD0\xB4 "
         "\xD0\xB4\xD1\x83\xD0\xB1\xD0\xBE\xD0\xBC",
         0}, // 15 characters
        {"Tr0ub4dor&3", PASSWORD_FLAW_SHORT},
        {"aaaaaaaaaaaaaaa", PASSWORD_FLAW_EASY},
        {"password1234567", PASSWORD_FLAW_EASY},
        {"qwertyuiopasdfg", PASSWORD_FLAW_EASY},
        {"monkey123monkey123", PASSWORD_FLAW_EASY},
        {"alice-liddell-2024", PASSWORD_FLAW_OWN_NAME},
        {"ALICE wonderland Xq7", PASSWORD_FLAW_OWN_NAME},
        {"\xEF\xBC\xA1lice wonderland Xq7", PASSWORD_FLAW_OWN_NAME}, // full width A
        {"pleasance;pleasance", PASSWORD_FLAW_OWN_NAME | PASSWORD_FLAW_EASY},
        {"dinah+shop+sales+7kQ", PASSWORD_FLAW_OWN_NAME},
        {"queen;hearts;7kQ", PASSWORD_FLAW_OWN_NAME},
        {"Rocketeer@ACME qZ7x", PASSWORD_FLAW_WORD},
        {"alice@acme;rocketeer", PASSWORD_FLAW_WORD | PASSWORD_FLAW_EASY},
        {"alice likes green marmots", 0},
        {"correct horse battery$", PASSWORD_FLAW_FORM},
        {"apwabcdefghijklmnopqrstuvwxyz2345", PASSWORD_FLAW_FORM},
    };
    unsigned wrong = 0;
    (void)state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct password_strength strength = strength_of(table[i].password);

        if (strength.flaws != table[i].flaws) {
            print_error("%s: flaws %#x, score %u\n", table[i].password, strength.flaws,
                        strength.score);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Passwords of 14 and 15 characters, each of two octets. */
static void test_length_counts_characters(void **state)
{
    char password[31];
    (void)state;

    for (size_t i = 0; i < 15; i++) {
        password[2 * i] = (char)0xD0;
        password[2 * i + 1] = (char)(0xB0 + i);
    }
    struct password_strength strength =
        password_strength_of(&rules, &alice, (struct span){password, 28});
    assert_int_equal(strength.length, 14);
    assert_true(strength.flaws & PASSWORD_FLAW_SHORT);
    strength = password_strength_of(&rules, &alice, (struct span){password, 30});
    assert_int_equal(strength.length, 15);
    assert_false(strength.flaws & PASSWORD_FLAW_SHORT);
}

static void test_long_ones(void **state)
{
    char password[1026];
    (void)state;

    memset(password, 'a', sizeof(password) - 1);
    password[1025] = '\0';
    assert_int_equal(strength_of(password).flaws, PASSWORD_FLAW_LONG);
    password[1024] = '\0';
    assert_int_equal(strength_of(password).flaws, PASSWORD_FLAW_EASY);
    memcpy(password + 900, "correct horse battery staple", 28); // the strong part may come late
    assert_int_equal(strength_of(password).flaws, 0);
    memset(password, '\xFF', 1024); // no UTF-8
    assert_int_equal(strength_of(password).length, 1024);
    assert_int_equal(password_strength_of(&rules, &alice, (struct span){"", 0}).flaws,
                     PASSWORD_FLAW_FORM | PASSWORD_FLAW_SHORT | PASSWORD_FLAW_EASY);
}

static void test_owner_unknown(void **state)
{
    static const struct password_owner nobody = {0};
    (void)state;

    assert_int_equal(
        password_strength_of(&rules, &nobody, SPAN_LITERAL("ALICE wonderland Xq7")).flaws, 0);
}

static void test_weaker_rules(void **state)
{
    static const struct password_rules weak = {.min_length = 8, .min_score = 0};
    static const struct password_owner nobody = {0};
    (void)state;

    assert_int_equal(password_strength_of(&weak, &nobody, SPAN_LITERAL("password")).flaws, 0);
    assert_int_equal(password_strength_of(&weak, &nobody, SPAN_LITERAL("passwor")).flaws,
                     PASSWORD_FLAW_SHORT);
    assert_int_equal(password_strength_of(&weak, &alice, SPAN_LITERAL("alice-liddell")).flaws,
                     PASSWORD_FLAW_OWN_NAME);
}

static void test_with_a_second_factor(void **state)
{
    static const struct password_owner enrolled = {.enrolled = true}, other = {0};
    char sentence[PASSWORD_SENTENCE_MAX];
    (void)state;

    assert_int_equal(password_strength_of(&rules, &other, SPAN_LITERAL("qZ7!xw2p")).flaws,
                     PASSWORD_FLAW_SHORT);
    assert_int_equal(password_strength_of(&rules, &enrolled, SPAN_LITERAL("qZ7!xw2p")).flaws, 0);
    assert_int_equal(password_strength_of(&rules, &enrolled, SPAN_LITERAL("password")).flaws,
                     PASSWORD_FLAW_EASY);
    struct password_strength strength =
        password_strength_of(&rules, &enrolled, SPAN_LITERAL("qZ7!xw2"));

    assert_true(strength.flaws & PASSWORD_FLAW_SHORT);
    password_sentence(&strength, sentence);
    assert_string_equal(sentence, "is 7 characters long, and at least 8 are needed; use four or "
                                  "more unrelated words");
}

static void test_sentences(void **state)
{
    static const struct {
        const char *password;
        const char *sentence;
    } table[] = {
        {"correct horse battery staple", ""},
        {"Tr0ub4dor&3", "is 11 characters long, and at least 15 are needed; use four or more "
                        "unrelated words"},
        {"qwertyuiopasdfg", "is easy to guess; use four or more unrelated words"},
        {"alice-liddell-2024", "is easy to guess: it is built from its owner's name or domain; use "
                               "four or more unrelated words"},
        {"Rocketeer@ACME qZ7x", "is easy to guess: it is built from words that everybody here "
                                "knows; use four or more unrelated words"},
        {"correct horse$", "ends in $, which separates a password from a code; use four or more "
                           "unrelated words"},
    };
    char sentence[PASSWORD_SENTENCE_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct password_strength strength = strength_of(table[i].password);

        password_sentence(&strength, sentence);
        assert_string_equal(sentence, table[i].sentence);
    }
}

static void test_words(void **state)
{
    char folded[PASSWORD_WORD_LENGTH + 1];
    char longest[PASSWORD_WORD_LENGTH + 2] = "";
    (void)state;

    assert_true(password_word_fold(SPAN_LITERAL("STRA\xC3\x9F\x45"), folded));
    assert_string_equal(folded, "strasse");
    assert_true(password_word_fold(SPAN_LITERAL("\xD0\xAF\xD0\xAF\xD0\xAF"), folded));
    assert_false(password_word_fold(SPAN_LITERAL("\xD0\xAF\xD0\xAF"), folded));
    assert_false(password_word_fold(SPAN_LITERAL("ab"), folded));
    assert_false(password_word_fold(SPAN_LITERAL("ab\xFF"), folded));
    assert_false(password_word_fold(SPAN_LITERAL("a\0b"), folded));
    memset(longest, 'x', PASSWORD_WORD_LENGTH + 1);
    assert_false(password_word_fold(span_of(longest), folded));
    longest[PASSWORD_WORD_LENGTH] = '\0';
    assert_true(password_word_fold(span_of(longest), folded));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),        cmocka_unit_test(test_length_counts_characters),
        cmocka_unit_test(test_long_ones),    cmocka_unit_test(test_owner_unknown),
        cmocka_unit_test(test_weaker_rules), cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_words),        cmocka_unit_test(test_with_a_second_factor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
