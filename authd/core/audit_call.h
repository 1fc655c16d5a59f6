/* The tag of a call of the database that may write rows of the audit. authd makes the tag with the
 * audit's key before the call, and each row of the call stores it, so a row that another program
 * inserts has no valid tag. Does no I/O; the nonce is random.
 *
 * The tag covers a nonce, the actor, the operation, a digest of the arguments, and what bounds the
 * rows. All of it stands in columns of the row, from which authd.audit_call_text() makes the same
 * text again. The tag does not cover what the database found out during the call, such as the
 * object and its state before (docs/audit.md says what that leaves open).
 *
 * Threat: an attacker who can write in the database, and reads every tag there. Each call has a
 * nonce of its own, so the rows of another call cannot be explained by a copied tag. */
#ifndef CORE_AUDIT_CALL_H
#define CORE_AUDIT_CALL_H

#include <jansson.h>
#include <stdint.h>

#include "base/span.h"
#include "crypto/audit_mac.h"

struct key;

struct audit_call {
    const char *operation;  /* a function of schema/, such as "user_set" */
    int64_t rows;           /* how many rows of one action the call writes at most; 0: not known */
    int64_t waited;         /* milliseconds since the oldest of the events; 0: it happens now */
    const char *kind;       /* of the actor; NULL: the clients of a batch of logins */
    const char *credential; /* as the row names it, such as "session 5"; NULL: none */
    int64_t account;        /* the account that acts; 0: none */
    const char *via;
    const char *peer;
    const char *reference;
    char nonce[AUDIT_TAG_HEX + 1];     /* set by audit_call_begin() */
    char arguments[AUDIT_TAG_HEX + 1]; /* digest, set by audit_call_begin() */
};

/* The `kind` of rows that authd writes by itself. */
#define AUDIT_CALL_AUTHD "authd"

/* Gives the call a nonce, and makes the digest of its arguments. The other members are set. */
void audit_call_begin(struct audit_call *call, const struct key *key, struct span arguments);

/* The text that the tag covers, which equals that of authd.audit_call_text(). The caller frees. */
char *audit_call_text(const struct audit_call *call);

/* The object for authd.audit_call_begin(): {nonce, arguments, waited, rows, tag, own: {rows, tag}}.
 * `own` is for the rows that authd writes by itself during the call, one of an action. */
json_t *audit_call_json(const struct audit_call *call, const struct key *key);

/* The same as a text, for a call that authd makes by itself. The caller frees. */
char *audit_call_own(const struct key *key, const char *operation, int64_t rows,
                     struct span arguments);

#endif
