/* Which modules become plugins, and the errors for the others. The argument is the directory of the
 * sample modules; the test copies the modules, because the mode of the build's directory is not
 * known. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/plugin_registry.h"

#define NOBODY 65534

static const char *sample_directory;

struct place {
    char directory[64];
};

static const char *path_in(const struct place *place, const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s.so", place->directory, name);
    return path;
}

static void place_copy(const struct place *place, const char *name)
{
    char from[512];
    struct stat st;
    snprintf(from, sizeof(from), "%s/%s.so", sample_directory, name);
    int in = open(from, O_RDONLY);
    int out = open(path_in(place, name), O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(in >= 0 && out >= 0 && fstat(in, &st) == 0);
    assert_int_equal(sendfile(out, in, NULL, (size_t)st.st_size), st.st_size);
    close(in);
    close(out);
}

static int place_create(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    strcpy(place->directory, "/tmp/authd-registry-XXXXXX");
    *state = place;
    umask(022);
    return mkdtemp(place->directory) == NULL;
}

static int place_destroy(void **state)
{
    struct place *place = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", place->directory);
    int status = system(command);
    free(place);
    return status;
}

/* Loads the named plugins; `names` ends with NULL. */
static struct plugin_registry *load_from(const char *directory, const char *const *names,
                                         struct err *err)
{
    struct plugin_registry_options options = {.directory = directory, .names = names};
    while (names[options.count] != NULL) {
        options.count++;
    }
    err->text[0] = '\0';
    return plugin_registry_create(&options, err);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void refused(const struct place *place, const char *const *names, const char *why)
{
    struct err err;
    struct plugin_registry *registry = load_from(place->directory, names, &err);
    assert_null(registry);
    if (strstr(err.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
    }
}

static void test_good_plugins_in_order(void **state)
{
    struct place *place = *state;
    place_copy(place, "good");
    place_copy(place, "second");
    place_copy(place, "only_verifies");
    place_copy(place, "largest_state");
    struct err err;
    struct plugin_registry *registry = load_from(
        place->directory, NAMES("second", "good", "only_verifies", "largest_state"), &err);
    assert_non_null(registry);
    const struct authd_mechanism *const *mechanisms = plugin_registry_mechanisms(registry);
    assert_string_equal(mechanisms[0]->name, "SECOND");
    assert_string_equal(mechanisms[1]->name, "GOOD");
    assert_null(mechanisms[4]);
    const struct authd_scheme *const *schemes = plugin_registry_schemes(registry);
    assert_string_equal(schemes[0]->name, "second");
    assert_string_equal(schemes[1]->name, "good");
    assert_null(schemes[4]);
    assert_ptr_equal(plugin_registry_mechanism(registry, "gOOd"), mechanisms[1]);
    assert_null(plugin_registry_mechanism(registry, "GOO"));
    assert_null(plugin_registry_mechanism(registry, ""));
    plugin_registry_destroy(registry);
}

static void test_no_plugins(void **state)
{
    struct place *place = *state;
    struct err err;
    struct plugin_registry *registry =
        load_from(place->directory, (const char *const[]){NULL}, &err);
    assert_non_null(registry);
    assert_null(plugin_registry_mechanisms(registry)[0]);
    assert_null(plugin_registry_schemes(registry)[0]);
    plugin_registry_destroy(registry);
    plugin_registry_destroy(NULL);
}

static void test_bad_modules(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *name, *why;
    } cases[] = {
        {"other_abi", "plugin ABI 2"},    {"other_size", "16 octets"},
        {"no_symbol", "no authd_plugin"}, {"renamed", "calls itself original"},
        {"huge_state", "65537 octets"},   {"no_step", "no step"},
        {"lower_case", "SASL name"},      {"no_verify", "lacks"},
        {"no_weaker", "hash and weaker"}, {"empty_prefix", "empty prefix"},
        {"nothing", "offers nothing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        place_copy(place, cases[i].name);
        refused(place, NAMES(cases[i].name), cases[i].why);
        refused(place, NAMES(cases[i].name), cases[i].name); /* the error names the plugin */
    }
}

static void test_taken_names(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {"good", "same_mechanism", "same_scheme", "same_prefix"};
    for (size_t i = 0; i < 4; i++) {
        place_copy(place, names[i]);
    }
    refused(place, NAMES("good", "same_mechanism"), "mechanism GOOD");
    refused(place, NAMES("good", "same_scheme"), "of scheme good");
    refused(place, NAMES("good", "same_prefix"), "of scheme good");
    refused(place, NAMES("same_prefix", "good"), "of scheme same_prefix");
    refused(place, NAMES("good", "good"), "listed twice");
}

static void test_names_that_lead_elsewhere(void **state)
{
    struct place *place = *state;
    place_copy(place, "good");
    static const char *const names[] = {"",
                                        ".",
                                        "..",
                                        "../good",
                                        "./good",
                                        "/good",
                                        "good.so",
                                        "good ",
                                        "Good",
                                        "g\xc3\xb6od",
                                        "abcdefghijklmnopqrstuvwxyz0123456"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        refused(place, NAMES(names[i]), "not the name of a plugin");
    }
}

static void test_missing_and_odd_files(void **state)
{
    struct place *place = *state;
    refused(place, NAMES("absent"), "No such file");
    assert_int_equal(mkdir(path_in(place, "folder"), 0755), 0);
    refused(place, NAMES("folder"), "not a regular file");
    assert_int_equal(mkfifo(path_in(place, "fifo"), 0600), 0);
    refused(place, NAMES("fifo"), "not a regular file");
    int fd = open(path_in(place, "text"), O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
    close(fd);
    refused(place, NAMES("text"), "cannot be loaded");

    struct err err;
    assert_null(load_from("/nonexistent", NAMES("good"), &err));
    assert_non_null(strstr(err.text, "plugin directory /nonexistent"));
}

static void test_files_that_others_can_write(void **state)
{
    struct place *place = *state;
    place_copy(place, "good");
    static const mode_t modes[] = {0664, 0646, 0666, 0777};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(chmod(path_in(place, "good"), modes[i]), 0);
        refused(place, NAMES("good"), "can be written by others");
    }
}

static void test_directories_that_others_can_write(void **state)
{
    struct place *place = *state;
    place_copy(place, "good");
    static const mode_t modes[] = {0775, 0757, 0777, 01777};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(chmod(place->directory, modes[i]), 0);
        refused(place, NAMES("good"), "can be written by others");
    }
    assert_int_equal(chmod(place->directory, 0755), 0);
}

static void test_owners(void **state)
{
    struct place *place = *state;
    if (geteuid() != 0) {
        skip(); /* only root can change the owner of a file */
    }
    place_copy(place, "good");
    assert_int_equal(chown(path_in(place, "good"), NOBODY, 0), 0);
    refused(place, NAMES("good"), "belongs to uid 65534");
    assert_int_equal(chown(path_in(place, "good"), 0, 0), 0);
    assert_int_equal(chown(place->directory, NOBODY, 0), 0);
    refused(place, NAMES("good"), "belongs to uid 65534");
}

static void test_symbolic_links_are_followed_and_their_target_is_checked(void **state)
{
    struct place *place = *state;
    struct err err;
    place_copy(place, "good");
    char real[256];
    snprintf(real, sizeof(real), "%s/good-1.0", place->directory);
    assert_int_equal(rename(path_in(place, "good"), real), 0);
    assert_int_equal(symlink("good-1.0", path_in(place, "good")), 0);
    struct plugin_registry *registry = load_from(place->directory, NAMES("good"), &err);
    assert_non_null(registry);
    plugin_registry_destroy(registry);

    assert_int_equal(chmod(real, 0666), 0);
    refused(place, NAMES("good"), "can be written by others");
    assert_int_equal(unlink(real), 0);
    refused(place, NAMES("good"), "No such file");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY-OF-SAMPLES\n", argv[0]);
        return 1;
    }
    sample_directory = argv[1];
#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, place_create, place_destroy)
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_good_plugins_in_order),
        PLACE_TEST(test_no_plugins),
        PLACE_TEST(test_bad_modules),
        PLACE_TEST(test_taken_names),
        PLACE_TEST(test_names_that_lead_elsewhere),
        PLACE_TEST(test_missing_and_odd_files),
        PLACE_TEST(test_files_that_others_can_write),
        PLACE_TEST(test_directories_that_others_can_write),
        PLACE_TEST(test_owners),
        PLACE_TEST(test_symbolic_links_are_followed_and_their_target_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
