/* The outcome of a request: one enum in every layer, and a reason for the log. Protocol words (OK,
 * FAIL, 535, 401) appear only in front/ and http/. */
#ifndef CORE_OUTCOME_H
#define CORE_OUTCOME_H

/* TEMPFAIL: authd cannot decide now. No layer turns TEMPFAIL into ALLOW or DENY. Zeroed memory
 * means DENY. */
enum outcome {
    OUTCOME_TEMPFAIL = -1,
    OUTCOME_DENY = 0,
    OUTCOME_ALLOW = 1,
    OUTCOME_MORE = 2,
};

/* X(NAME, word in the log, meaning). One line drives the enum, its text and docs/smtp-authd.md. */
#define REASONS(X)                                                                                 \
    X(NONE, "none", "not decided yet")                                                             \
    X(GOOD_PASSWORD, "good-password", "the main password matched")                                 \
    X(GOOD_APP_PASSWORD, "good-app-password", "an app password matched")                           \
    X(MALFORMED, "malformed", "the exchange does not follow its mechanism")                        \
    X(BAD_BASE64, "bad-base64", "the response is not base64 (cut by the MTA, if it is long)")      \
    X(UNKNOWN_MECHANISM, "unknown-mechanism", "a mechanism that is not configured")                \
    X(BAD_NAME, "bad-name", "the login is not a name that authd can hold")                         \
    X(AUTHZID, "authzid", "the authorization identity names another user")                         \
    X(UNKNOWN_USER, "unknown-user", "no such login")                                               \
    X(NO_PASSWORD, "no-password", "the user has no main password")                                 \
    X(LOCKED_PASSWORD, "locked-password", "the stored password is a lock mark, such as !")         \
    X(SUSPENDED, "suspended", "the user is suspended")                                             \
    X(WRONG_PASSWORD, "wrong-password", "the main password did not match")                         \
    X(UNKNOWN_APP_PASSWORD, "unknown-app-password", "the user has no such app password")           \
    X(WRONG_APP_PASSWORD, "wrong-app-password",                                                    \
      "the user has this app password with another secret")                                        \
    X(EXPIRED_CREDENTIAL, "expired-credential", "the credential is right but has expired")         \
    X(NOT_YET_VALID, "not-yet-valid", "the credential is right but is not valid yet")              \
    X(SCOPE_NETWORK, "scope-network", "a scope allows other networks only")                        \
    X(SCOPE_TLS, "scope-tls", "a scope asks for TLS")                                              \
    X(SCOPE_MECHANISM, "scope-mechanism", "a scope allows other mechanisms only")                  \
    X(SCOPE_SERVICE, "scope-service", "a scope allows other services only")                        \
    X(SCOPE_TIME, "scope-time", "a scope allows other times only")                                 \
    X(NEEDS_POLICY, "needs-policy",                                                                \
      "a scope has a rule that only the MTA can enforce, and this socket is plain")                \
    X(APP_PASSWORD_NOT_HERE, "app-password-not-here",                                              \
      "an app password where only the main password is accepted")                                  \
    X(CODE_NEEDED, "app-password-or-code-required",                                                \
      "the main password was right, but a code or an app password is required")                    \
    X(MUST_ENROL, "must-enrol",                                                                    \
      "the password is right, but a required second factor is not enrolled")                       \
    X(WRONG_CODE, "wrong-code", "the main password was right, but the code was wrong")             \
    X(USED_CODE, "used-code", "the main password was right, but the code was used before")         \
    X(FACTOR_LOCKED, "factor-locked", "too many wrong codes: codes are refused for a while")       \
    X(WRONG_RECOVERY_CODE, "wrong-recovery-code",                                                  \
      "the main password was right, but the recovery code was wrong or used before")               \
    X(RECOVERY_LOCKED, "recovery-locked",                                                          \
      "too many wrong recovery codes: recovery codes are refused for a while")                     \
    X(FACTOR_BROKEN, "factor-broken", "the seed of the second factor cannot be read")              \
    X(CHANGED_MEANWHILE, "changed-meanwhile",                                                      \
      "the account changed while the password was checked")                                        \
    X(DATABASE_DOWN, "database-down", "no connection to the database")                             \
    X(DATABASE_SLOW, "database-slow", "the database did not answer in time")                       \
    X(DATABASE_ERROR, "database-error", "the database refused the query")                          \
    X(HASH_QUEUE_FULL, "hash-queue-full", "too many passwords wait to be checked")                 \
    X(HASH_TOO_SLOW, "hash-too-slow", "the password was not checked in time")                      \
    X(HASH_UNREADABLE, "hash-unreadable", "no configured scheme reads the stored hash in bounds")  \
    X(HASH_BROKEN, "hash-broken", "the stored hash is not encrypted for this row")                 \
    X(HASH_FAILED, "hash-failed", "the password could not be checked on this machine")             \
    X(SCOPE_UNREADABLE, "scope-unreadable", "a sending scope that this authd cannot read")         \
    X(SCOPE_GONE, "scope-gone", "a sending scope was replaced during the login")                   \
    X(KEY_MISSING, "key-missing", "a key that the login needs is in no file of key_dir")           \
    X(TOO_MANY, "too-many-requests", "the limit of requests at a time is reached")                 \
    X(DEADLINE, "deadline", "the request was not decided in time")                                 \
    X(CLIENT_GONE, "client-gone", "the client left before the answer")                             \
    X(CONNECTION_CLOSED, "connection-closed",                                                      \
      "authd closed the connection because of another request")                                    \
    X(ABANDONED, "abandoned", "the client did not finish the exchange in time")                    \
    X(STOPPING, "stopping", "authd is shutting down")

enum reason {
#define X(name, word, meaning) REASON_##name,
    REASONS(X)
#undef X
};

const char *outcome_word(enum outcome outcome); /* "allow", "deny", "tempfail", "more" */
const char *reason_word(enum reason reason);

#endif
