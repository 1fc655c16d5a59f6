/* The load generator's command line. Every number has a bound, so every run is bounded. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum {
    CONNECTIONS_MAX = 4096,
    OUTSTANDING_MAX = 256,
    SECONDS_MAX = 600,
    NAME_SIZE = 256, /* a login or a password, once {} is replaced, with its NUL */
};

struct options {
    const char *socket;
    const char *login;    /* pattern: {} stands for the user's number */
    const char *password; /* pattern: {} stands for the user's number */
    unsigned connections;
    unsigned outstanding; /* requests in flight on each connection */
    unsigned users;       /* numbers 0 to users - 1 */
    unsigned wrong;       /* percent of requests with a wrong password */
    double warmup;        /* seconds before the measurement */
    double seconds;
    uint64_t count; /* the run ends after so many requests; 0: by time only */
};

/* Does not return when the command line is wrong. */
void options_read(struct options *options, int argc, char **argv);

/* Writes a pattern with its first {} replaced, and returns the length. options_read has checked
 * that the patterns fit. */
size_t pattern_expand(const char *pattern, uint32_t number, char out[static NAME_SIZE]);

/* Prints why the run is given up, and exits with status 2. */
_Noreturn void give_up(const char *what);

#endif
