#include "options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

_Noreturn void give_up(const char *what)
{
    fprintf(stderr, "loadgen: %s\n", what);
    exit(2);
}

size_t pattern_expand(const char *pattern, uint32_t number, char out[static NAME_SIZE])
{
    const char *hole = strstr(pattern, "{}");
    int length = hole == NULL ? snprintf(out, NAME_SIZE, "%s", pattern)
                              : snprintf(out, NAME_SIZE, "%.*s%" PRIu32 "%s", (int)(hole - pattern),
                                         pattern, number, hole + 2);
    return (size_t)length;
}

static _Noreturn void usage(void)
{
    give_up("usage: loadgen --socket PATH --login PATTERN --password PATTERN [--connections N]\n"
            "    [--outstanding N] [--users N] [--wrong PERCENT] [--warmup S] [--seconds S]\n"
            "    [--count N]");
}

static unsigned number_read(const char *text, unsigned least, unsigned most)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number < least || number > most) {
        usage();
    }
    return (unsigned)number;
}

static double seconds_read(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= SECONDS_MAX)) {
        usage();
    }
    return seconds;
}

static void options_check(const struct options *options)
{
    const size_t room = NAME_SIZE - sizeof "4294967295";

    if (options->socket == NULL || options->login == NULL || options->password == NULL ||
        options->seconds == 0) {
        usage();
    }
    if (strlen(options->socket) >= sizeof((struct sockaddr_un){0}).sun_path ||
        strlen(options->login) >= room || strlen(options->password) >= room) {
        give_up("a path or a pattern is too long");
    }
}

static const struct option option_names[] = {
    {"socket", required_argument, NULL, 's'},
    {"login", required_argument, NULL, 'l'},
    {"password", required_argument, NULL, 'p'},
    {"connections", required_argument, NULL, 'c'},
    {"outstanding", required_argument, NULL, 'o'},
    {"users", required_argument, NULL, 'u'},
    {"wrong", required_argument, NULL, 'w'},
    {"warmup", required_argument, NULL, 'W'},
    {"seconds", required_argument, NULL, 't'},
    {"count", required_argument, NULL, 'n'},
    {NULL, 0, NULL, 0},
};

void options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){.connections = 1, .outstanding = 1, .users = 1, .seconds = 3};
    for (int name; (name = getopt_long(argc, argv, "", option_names, NULL)) != -1;) {
        switch (name) {
        case 's':
            options->socket = optarg;
            break;
        case 'l':
            options->login = optarg;
            break;
        case 'p':
            options->password = optarg;
            break;
        case 'c':
            options->connections = number_read(optarg, 1, CONNECTIONS_MAX);
            break;
        case 'o':
            options->outstanding = number_read(optarg, 1, OUTSTANDING_MAX);
            break;
        case 'u':
            options->users = number_read(optarg, 1, 100000000);
            break;
        case 'w':
            options->wrong = number_read(optarg, 0, 100);
            break;
        case 'W':
            options->warmup = seconds_read(optarg);
            break;
        case 't':
            options->seconds = seconds_read(optarg);
            break;
        case 'n':
            options->count = number_read(optarg, 1, UINT32_MAX);
            break;
        default:
            usage();
        }
    }
    if (optind != argc) {
        usage();
    }
    options_check(options);
}
