#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/program.h"
#include "config/config.h"
#include "daemon/daemon.h"

#define PROGRAM        "smtp-authd" /* as it is installed */
#define DEFAULT_CONFIG "/etc/smtp-authd/authd.yaml"

enum { EXIT_USAGE = 2 };

static void print_usage(FILE *out)
{
    fprintf(out,
            "usage: %1$s [-c FILE] [--check-config | --migrate [--dry-run]]\n"
            "       %1$s --print-defaults | --version | --help\n"
            "\n",
            program_name());
    fputs("  -c FILE           the configuration (default: " DEFAULT_CONFIG ")\n"
          "  --check-config    say what is wrong with the configuration, and end\n"
          "  --migrate         bring the database's schema up to date, and end\n"
          "  --dry-run         with --migrate: say what that would do, and change nothing\n"
          "  --print-defaults  print a configuration with every key and its default\n"
          "\n"
          "Without these, serves in the foreground; ready when it prints \"ready\".\n"
          "Exit status: 0 done, 1 failed, 2 usage.\n",
          out);
}

/* Says what failed, and returns the exit status. */
static int fail(const char *text)
{
    fprintf(stderr, "%s: %s\n", program_name(), text);
    return EXIT_FAILURE;
}

static int misuse(const char *text)
{
    fail(text);
    return EXIT_USAGE;
}

enum mode { MODE_SERVE, MODE_CHECK, MODE_MIGRATE, MODE_PLAN };

static int run(const char *path, enum mode mode)
{
    struct err err;
    int status = 0;

    if (sodium_init() < 0) {
        return fail("libsodium cannot be used on this machine");
    }
    struct config *config = config_load(path, &err);
    if (config == NULL) {
        return fail(err.text);
    }
    switch (mode) {
    case MODE_CHECK:
        status = daemon_check(config);
        if (status == 0) {
            printf("%s: ok\n", path);
        }
        break;
    case MODE_MIGRATE:
    case MODE_PLAN:
        status = daemon_migrate(config, mode == MODE_PLAN);
        break;
    case MODE_SERVE:
        status = daemon_run(config);
        break;
    }
    config_destroy(config);
    return status;
}

int main(int argc, char **argv)
{
    enum { CHECK = 256, MIGRATE, DRY_RUN, DEFAULTS, VERSION };
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check-config", no_argument, NULL, CHECK},
        {"migrate", no_argument, NULL, MIGRATE},
        {"dry-run", no_argument, NULL, DRY_RUN},
        {"print-defaults", no_argument, NULL, DEFAULTS},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *path = DEFAULT_CONFIG;
    enum mode mode = MODE_SERVE;
    bool dry_run = false;
    int option;

    program_set(argv[0], PROGRAM);
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case CHECK:
        case MIGRATE:
            if (mode != MODE_SERVE) {
                return misuse("--check-config and --migrate exclude each other");
            }
            mode = option == CHECK ? MODE_CHECK : MODE_MIGRATE;
            break;
        case DRY_RUN:
            dry_run = true;
            break;
        case DEFAULTS:
            config_print_defaults(stdout);
            return EXIT_SUCCESS;
        case VERSION:
            puts(PROGRAM " " AUTHD_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            print_usage(stdout);
            return EXIT_SUCCESS;
        default:
            print_usage(stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "%s: unexpected argument %s\n", program_name(), argv[optind]);
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (dry_run && mode != MODE_MIGRATE) {
        return misuse("--dry-run goes with --migrate");
    }
    return run(path, dry_run ? MODE_PLAN : mode);
}
