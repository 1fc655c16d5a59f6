/* How a management call ends: what the HTTP API answers, without HTTP. */
#ifndef CORE_RESULT_H
#define CORE_RESULT_H

#include <jansson.h>
#include <stdint.h>

enum result_status {
    RESULT_OK,
    RESULT_INVALID,      /* a value breaks a rule: `detail` names the value */
    RESULT_NOT_FOUND,    /* the object is absent, or out of the caller's reach */
    RESULT_CONFLICT,     /* the object exists already, or has changed meanwhile */
    RESULT_FORBIDDEN,    /* the caller has no right to the change */
    RESULT_NEEDS_FRESH,  /* the change needs a password that was given in the last minutes */
    RESULT_NEEDS_FACTOR, /* callers change their own second factor by a fresh sign-in with it */
    RESULT_UNAUTHORIZED, /* the caller's credential has ended, or its rights have changed */
    RESULT_STALE,        /* the object is not as the caller saw it */
    RESULT_LIMITED,      /* a limit is reached, which ends in `wait` seconds */
    RESULT_UNAVAILABLE,  /* database or hash queue cannot tell: the caller may try again */
};

struct result { /* valid during the callback */
    enum result_status status;
    const char *detail; /* a sentence; NULL with RESULT_OK */
    const char *hint;   /* what the caller can do; may be NULL */
    const char *cause;  /* for the log, never for the client; may be NULL */
    json_t *object;     /* the answer; NULL without RESULT_OK */
    unsigned wait;      /* with RESULT_LIMITED: after so many seconds the caller may try again */
};

typedef void result_done_f(const struct result *result, void *arg);

/* A number that an object of the database holds as a number or as a text; 0: the object holds
 * none. */
int64_t result_number(const json_t *object, const char *name);

#endif
