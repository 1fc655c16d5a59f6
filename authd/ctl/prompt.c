/* Threat: a password on the screen, a terminal that stays without echo after an interruption, a
 * password that is left in memory. */
#include "ctl/prompt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"

static volatile sig_atomic_t caught;

static void record_signal(int number)
{
    caught = number;
}

bool prompt_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* Returns 1 for an octet, 0 at the end of the input, -1 after an error or a signal. */
static ssize_t read_octet(char *c)
{
    ssize_t got;

    do {
        got = read(STDIN_FILENO, c, 1);
    } while (got < 0 && errno == EINTR && caught == 0);
    return caught != 0 ? -1 : got;
}

/* Reads a line octet by octet, so that nothing after the line is consumed. A CR belongs to the line
 * unless a newline follows. Returns false if there is no line, if the line is too long, or after a
 * signal. */
static bool read_line(struct buf *line)
{
    bool cr = false; /* a CR was read that is not yet in `line` */
    char c;
    ssize_t got;

    while ((got = read_octet(&c)) > 0 && c != '\n') {
        if (cr) {
            buf_append_text(line, "\r");
        }
        cr = c == '\r';
        if (!cr) {
            buf_append(line, &c, 1);
        }
    }
    if (got == 0 && cr) {
        buf_append_text(line, "\r");
    }
    return (got > 0 || (got == 0 && line->len > 0)) && !line->overflow;
}

static bool ask_hidden(struct buf *line, const char *what, const char *which)
{
    fprintf(stderr, "%s%s: ", what, which);

    bool read = read_line(line);

    fputc('\n', stderr);
    return read;
}

static bool ask_secret(struct buf *secret, const char *what, bool twice, struct err *err)
{
    struct buf again;

    if (!ask_hidden(secret, what, "")) {
        return err_set(err, "no %s was read", what);
    }
    if (!twice) {
        return true;
    }
    buf_init(&again, secret->max);

    bool same =
        ask_hidden(&again, what, ", again") && secret_equal(buf_span(secret), buf_span(&again));

    buf_finish(&again);
    return same || err_set(err, "the two were not the same");
}

/* Turns echo off for the questions only. A signal that arrives meanwhile is raised again after echo
 * is back on. */
static bool ask_without_echo(struct buf *secret, const char *what, bool twice, struct err *err)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };
    struct sigaction note = {.sa_handler = record_signal};
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
                    ? ask_secret(secret, what, twice, err)
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

/* Refuses a second line: a caller who sends two lines may mean both of them, or the second. */
static bool read_only_line(struct buf *secret, const char *what, struct err *err)
{
    char c;

    if (!read_line(secret)) {
        return secret->overflow
                   ? err_set(err, "the %s is longer than %zu octets", what, secret->max)
                   : err_set(err, "no %s on standard input", what);
    }
    return read_octet(&c) == 0 ||
           err_set(err, "standard input has more than one line; the %s is one line", what);
}

bool prompt_secret(struct buf *secret, const char *what, bool twice, struct err *err)
{
    bool read = isatty(STDIN_FILENO) ? ask_without_echo(secret, what, twice, err)
                                     : read_only_line(secret, what, err);

    if (!read) {
        buf_finish(secret);
    }
    return read;
}

/* Asks and reads the answer, which ends with a zero octet and is empty if there was no answer. */
static void ask(struct buf *answer, const char *question)
{
    fflush(stdout);
    fprintf(stderr, "%s ", question);
    buf_init(answer, 1024);
    if (!read_line(answer)) {
        answer->len = 0;
    }
    buf_append(answer, "", 1);
}

bool prompt_yes(const char *question)
{
    struct buf answer;

    ask(&answer, question);

    bool yes = strcasecmp(answer.data, "y") == 0 || strcasecmp(answer.data, "yes") == 0;

    buf_finish(&answer);
    return yes;
}

bool prompt_name(const char *question, const char *name)
{
    struct buf answer;

    ask(&answer, question);

    bool same = name[0] != '\0' && strcmp(answer.data, name) == 0;

    buf_finish(&answer);
    return same;
}
