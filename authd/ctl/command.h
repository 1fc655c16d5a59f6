/* The command line of authctl: one table of nouns, verbs, arguments and options drives parsing,
 * suggestions and help. Pure. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include <stdio.h>

#include "base/err.h"

/* X(NAME, spelling, value or NULL, meaning). Those from SOCKET on go with every command. */
#define OPTIONS(X)                                                                                 \
    X(ADDRESS, "address", "A",                                                                     \
      "an address the user may send as, instead of the login; repeatable")                         \
    X(MATCH, "match", "TEXT", "only users with TEXT in their login or display name")               \
    X(PASSWORD_STDIN, "password-stdin", NULL, "read the password from standard input, one line")   \
    X(REASON, "reason", "TEXT", "why; shown to administrators only")                               \
    X(ROLE, "role", "ROLE", "user, helpdesk, domain-admin, auditor or admin")                      \
    X(SERVICE, "service", NULL, "a program, not a person: it has no main password")                \
    X(SUSPENDED, "suspended", NULL, "only users who are suspended")                                \
    X(SOCKET, "socket", "PATH", "authd's socket (else $AUTHD_SOCKET, else the packaged path)")     \
    X(JSON, "json", NULL, "print exactly one JSON value")                                          \
    X(YES, "yes", NULL, "do not ask")                                                              \
    X(DRY_RUN, "dry-run", NULL, "check and show, but change nothing")                              \
    X(TIMEOUT, "timeout", "SECONDS", "how long to wait for authd (30)")                            \
    X(HELP, "help", NULL, "explain the command")                                                   \
    X(VERSION, "version", NULL, "print the version")

enum option {
#define X(name, spelling, value, meaning) OPTION_##name,
    OPTIONS(X)
#undef X
        OPTION_COUNT
};

#define OPTION_BIT(name) (1u << OPTION_##name)
#define OPTIONS_GLOBAL   (~0u << OPTION_SOCKET)

#define WORDS_MAX     64
#define ADDRESSES_MAX 256

struct session;

struct command {
    const char *noun;
    const char *verb;
    const char *arguments; /* as help shows them */
    size_t min;            /* how many */
    size_t max;
    unsigned options; /* OPTION_BITs, without the global ones */
    const char *summary;
    const char *example;
    int (*run)(struct session *session); /* an exit status */
};

extern const struct command commands[]; /* ends with a NULL noun */

/* A command line, taken apart. Texts point into argv. */
struct invocation {
    const struct command *command; /* NULL: `words` ask for help */
    const char *words[WORDS_MAX];  /* with a command: its arguments, without noun and verb */
    size_t count;
    unsigned given;                   /* OPTION_BITs */
    const char *values[OPTION_COUNT]; /* of the options that have one */
    const char *addresses[ADDRESSES_MAX];
    size_t address_count;
    long timeout; /* seconds */
};

/* `argv` ends with a NULL. False: a usage error; `err` says what, and what would have been right.
 * `given` is set as far as it was understood, --json wherever it stands. */
bool command_parse(struct invocation *invocation, int argc, char **argv, struct err *err);

static inline bool option_given(const struct invocation *invocation, enum option option)
{
    return (invocation->given & 1u << option) != 0;
}

/* ---- help ---------------------------------------------------------------------------------- */

/* Explains what `words` name: nothing, a noun, a noun and a verb, "exit-status". False: there is no
 * such thing. */
bool help_print(FILE *out, const char *const *words, size_t count);

#endif
