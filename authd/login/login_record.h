/* The login record: the line of the log and the row of the audit with which every login ends. */
#ifndef LOGIN_LOGIN_RECORD_H
#define LOGIN_LOGIN_RECORD_H

#include <stdint.h>

#include "login/login.h"

struct login_record {
    struct core *core;
    enum outcome outcome;
    enum reason reason;
    const struct login_context *context;
    struct span user;       /* the canonical name, or the text that was claimed as a name */
    int64_t account;        /* 0: no account, or not known */
    const char *credential; /* the credential that the outcome is about: "#p3"; or NULL */
    const char *factor;     /* what was good beside the main password: "totp"; or NULL */
    const char *why;        /* what the log says besides the reason; or NULL */
    bool gone;              /* the client left before its answer */
    int64_t ms;             /* since the claim arrived */
    const char *reference;  /* in the client's answer; NULL: there is none */
};

/* The outcome of a login that ends without a decision: OUTCOME_DENY after an error of the protocol,
 * which was answered with a refusal; else OUTCOME_MORE, and the client was not answered. */
enum outcome login_record_undecided(enum reason reason);

/* Writes the record. OUTCOME_MORE is logged, but not audited. */
void login_record_write(const struct login_record *record);

#endif
