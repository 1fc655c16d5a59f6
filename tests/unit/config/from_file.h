/* Writes a configuration file for the test and loads it. Included once in each test. */
#ifndef TEST_CONFIG_FROM_FILE_H
#define TEST_CONFIG_FROM_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/config.h"

#define LISTENER "listeners: [{protocol: dovecot, path: sock}]\n"
#define HEAD     "state_dir: state\nuser: nobody\n"

static char directory[] = "/tmp/test-config-XXXXXX";
static char file[sizeof(directory) + 16];

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    snprintf(file, sizeof(file), "%s/authd.yaml", directory);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(directory);
}

static void write_file(const char *text, size_t len)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    fclose(out);
}

static struct config *load(const char *text)
{
    struct err err = {.text = "no error was set"};
    write_file(text, strlen(text));
    struct config *config = config_load(file, &err);
    if (config == NULL) {
        fail_msg("%s\n%s", err.text, text);
    }
    return config;
}

/* `expected`: the error behind the name of the file. */
static void assert_mistake_octets(const char *text, size_t len, const char *expected)
{
    struct err err = {.text = "no error was set"};
    write_file(text, len);
    struct config *config = config_load(file, &err);
    if (config != NULL) {
        config_destroy(config);
        fail_msg("taken, instead of: %s", expected);
    }
    assert_memory_equal(err.text, file, strlen(file));
    assert_string_equal(err.text + strlen(file), expected);
    assert_null(strpbrk(err.text, "\r\n"));
}

static void assert_mistake(const char *text, const char *expected)
{
    assert_mistake_octets(text, strlen(text), expected);
}

#endif
