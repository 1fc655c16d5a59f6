/* Threat: a password on the screen, in a terminal that stays without echo, or left in memory. */
#include "ctl/prompt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
    caught = number;
}

bool prompt_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Octet by octet, so that nothing after the line is taken. False: nothing, too much, or a signal.
 */
static bool read_line(struct buf *line)
{
    char c;

    for (;;) {
        ssize_t got = read(STDIN_FILENO, &c, 1);

        if (got < 0 && errno == EINTR && caught == 0) {
            continue;
        }
        if (got < 0 || caught != 0) {
            return false;
        }
        if (got == 0) {
            return line->len > 0 && !line->overflow;
        }
        if (c == '\n') {
            return !line->overflow;
        }
        buf_append(line, &c, 1);
    }
}

static bool ask_hidden(struct buf *line, const char *what, const char *which)
{
    fprintf(stderr, "%s%s: ", what, which);

    bool read = read_line(line);

    fputc('\n', stderr);
    return read;
}

static bool ask_twice(struct buf *secret, const char *what, struct err *err)
{
    struct buf again;

    if (!ask_hidden(secret, what, "")) {
        return err_set(err, "no %s was read", what);
    }
    buf_init(&again, secret->max);

    bool same =
        ask_hidden(&again, what, ", again") && secret_equal(buf_span(secret), buf_span(&again));

    buf_finish(&again);
    return same || err_set(err, "the two were not the same");
}

/* Echo is off during the questions only: signals wait until it is on again. */
static bool ask_without_echo(struct buf *secret, const char *what, struct err *err)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };
    struct sigaction note = {.sa_handler = note_signal};
    struct sigaction saved[SIGNALS];
    struct termios normal;
    struct termios hidden;

    if (tcgetattr(STDIN_FILENO, &normal) != 0) {
        return err_set(err, "echo cannot be switched off on this terminal");
    }
    caught = 0;
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &note, &saved[i]);
    }
    hidden = normal;
    hidden.c_lflag &= ~(tcflag_t)ECHO;

    bool read = tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0
                    ? ask_twice(secret, what, err)
                    : err_set(err, "echo cannot be switched off on this terminal");

    tcsetattr(STDIN_FILENO, TCSAFLUSH, &normal);
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &saved[i], NULL);
    }
    if (caught != 0) {
        raise(caught);
    }
    return read;
}

bool prompt_secret(struct buf *secret, const char *what, struct err *err)
{
    bool read;

    if (isatty(STDIN_FILENO)) {
        read = ask_without_echo(secret, what, err);
    } else {
        read =
            read_line(secret) ||
            (secret->overflow ? err_set(err, "the %s is longer than %zu octets", what, secret->max)
                              : err_set(err, "no %s on standard input", what));
    }
    if (!read) {
        buf_finish(secret);
    }
    return read;
}

bool prompt_yes(const char *question)
{
    struct buf line;

    fprintf(stderr, "%s [y/N] ", question);
    buf_init(&line, 16);
    if (!read_line(&line)) {
        buf_finish(&line);
        return false;
    }
    buf_append(&line, "", 1);

    bool yes = strcasecmp(line.data, "y") == 0 || strcasecmp(line.data, "yes") == 0;

    buf_finish(&line);
    return yes;
}
