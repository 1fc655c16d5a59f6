/* All options of authctl. */
#ifndef CTL_OPTION_H
#define CTL_OPTION_H

#include <stdbool.h>
#include <stddef.h>

/* X(NAME, spelling, value or NULL, meaning). Every command takes the options from SOCKET on. */
#define OPTIONS(X)                                                                                 \
    X(ACTION, "action", "ACTION", "only rows with this action: login, user_add, ...")              \
    X(ACTOR, "actor", "ACTOR", "only what this actor did: a login, an id, \"root (uid 0)\"")       \
    X(ADDRESS, "address", "ADDRESS", "an address the user may send as")                            \
    X(ALGORITHM, "algorithm", "ALGORITHM",                                                         \
      "how codes are made: SHA1 (the default), SHA256 or SHA512")                                  \
    X(ANCHOR, "anchor", "FILE", "check that the chain still has the anchor in FILE's last line")   \
    X(APPLY, "apply", NULL, "do it; without it, show what would be done")                          \
    X(CLASS, "class", "CLASS", "the user's class, whose sending scope applies too")                \
    X(DESCRIPTION, "description", "TEXT", "what it is for")                                        \
    X(DIGITS, "digits", "N", "the digits of a code: 6 (the default) or 8")                         \
    X(DISPLAY_NAME, "display-name", "TEXT", "the name people know")                                \
    X(DOMAIN, "domain", "DOMAIN",                                                                  \
      "only within DOMAIN; for an import: the domain of logins without @")                         \
    X(EXISTING, "existing", "WHAT",                                                                \
      "what to do with existing users: skip (the default), update or fail")                        \
    X(EXIT_STATUS, "exit-status", NULL, "end with 1 when the password is not acceptable")          \
    X(EXPIRED, "expired", NULL, "only those that have expired")                                    \
    X(EXPIRES, "expires", "WHEN", "90d, a time like 2027-01-31T00:00:00Z, or never")               \
    X(FOLLOW, "follow", NULL, "go on until interrupted")                                           \
    X(FORMAT, "format", "FORMAT", "ndjson or csv")                                                 \
    X(KEEP_CREDENTIALS, "keep-credentials", NULL, "leave app passwords and sessions as they are")  \
    X(LABEL, "label", "TEXT", "what it is for, so that you know later what you revoke")            \
    X(LIMIT, "limit", "N", "print at most N items")                                                \
    X(MATCH, "match", "TEXT", "only those with TEXT in their login, name or label")                \
    X(OUTCOME, "outcome", "OUTCOME", "only logins with this outcome: allow, deny or tempfail")     \
    X(OVERLAP, "overlap", "TIME", "how long the old secret still works: 30s, 5m, 1h, at most 7d")  \
    X(PASSWORD_STDIN, "password-stdin", NULL, "read the password from standard input, one line")   \
    X(PREPARE, "prepare", NULL,                                                                    \
      "only put the new key into this node's file, to be copied to the others")                    \
    X(REASON, "reason", "TEXT", "why; displayed to administrators only")                           \
    X(RECIPIENT_DELIMITER, "recipient-delimiter", "C",                                             \
      "what begins an address extension: one of + - = .")                                          \
    X(RECOVERY_ADDRESS, "recovery-address", "ADDRESS", "where reset links go")                     \
    X(REFERENCE, "reference", "REFERENCE",                                                         \
      "only the request with this reference, from a refusal or the log")                           \
    X(RIGHT, "right", "RIGHT", "users:read, users:write, ...; *:read if none is given")            \
    X(ROLE, "role", "ROLE", "user, helpdesk, domain-admin, auditor or admin")                      \
    X(SCOPE, "scope", "FILE",                                                                      \
      "a file with a scope document; - is standard input, none is no scope")                       \
    X(SERVICE, "service", NULL, "a program, not a person: it has no main password")                \
    X(SINCE, "since", "WHEN", "from this time on: a time, or how long ago, like 12h or 7d")        \
    X(SLIDING, "sliding", NULL, "each use moves the expiry")                                       \
    X(SORT, "sort", "ORDER", "login, created_at or last_login_at; -login: backwards")              \
    X(SUSPENDED, "suspended", NULL, "only users who are suspended")                                \
    X(TICKET_STDIN, "ticket-stdin", NULL, "read a ticket from standard input, one line")           \
    X(UNTIL, "until", "WHEN", "before this time: a time, or how long ago, like 12h or 7d")         \
    X(UNUSED, "unused", "DAYS", "only users who have not logged in for this long: 90d")            \
    X(USER, "user", "USER", "only rows about this user, by login or id")                           \
    X(WITHOUT_FACTOR, "without-factor", NULL, "only users without a second factor")                \
    X(WITHOUT_PASSWORD, "without-password", NULL, "only users without a main password")            \
    X(SOCKET, "socket", "PATH", "authd's socket (default: $AUTHD_SOCKET, or the packaged path)")   \
    X(URL, "url", "URL", "authd over the network: https://auth.example.org")                       \
    X(TOKEN_FILE, "token-file", "FILE", "with --url: the file with the API key")                   \
    X(CACERT, "cacert", "FILE", "with --url: trust these certificates, not the system's")          \
    X(JSON, "json", NULL, "print exactly one JSON value")                                          \
    X(PLAIN, "plain", NULL, "print as to a pipe: tabs, no headings, nothing cut")                  \
    X(WIDE, "wide", NULL, "print a table, but cut nothing")                                        \
    X(YES, "yes", NULL, "do not ask")                                                              \
    X(NO_INPUT, "no-input", NULL, "never ask; a missing value is an error")                        \
    X(DRY_RUN, "dry-run", NULL, "check and show, but change nothing")                              \
    X(VERBOSE, "verbose", NULL, "say which calls are made")                                        \
    X(TIMEOUT, "timeout", "TIME", "how long to wait for authd (30s)")                              \
    X(HELP, "help", NULL, "explain the command")                                                   \
    X(VERSION, "version", NULL, "print the version")

enum option {
    OPTION_NONE,
#define X(name, spelling, value, meaning) OPTION_##name,
    OPTIONS(X)
#undef X
        OPTION_COUNT
};

struct option_row {
    const char *spelling;
    const char *value; /* the value's name in help; NULL: the option takes no value */
    const char *meaning;
};

extern const struct option_row option_table[OPTION_COUNT]; /* the row of OPTION_NONE is empty */

static inline bool option_global(enum option option)
{
    return option >= OPTION_SOCKET;
}

#endif
