/* What a row of the audit must say by itself, without its seal: a tag that authd made for a call
 * which writes such rows, and a time at which it can have waited for its seal. Pure.
 *
 * Threat: an attacker who can write in the database puts rows into the queue, and authd seals them:
 * the seal protects such a row, but does not make it authd's. */
#ifndef AUDIT_AUDIT_ROW_H
#define AUDIT_AUDIT_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/key.h"

/* A row can be recorded that long before the queue was seen empty, and not be seen there: the
 * database stops a transaction after 15 s (schema/roles.sql). The rest is for a server whose clock
 * is set back. */
#define AUDIT_ROW_WAIT_US 60000000

/* The columns of authd.audit_facts(). */
struct audit_row {
    const char *action;
    const char *class_word; /* NULL: the row has none */
    int64_t at;             /* microseconds since 1970 */
    const char *operation;  /* NULL: the row has none */
    int64_t waited;    /* milliseconds that the oldest event of the call had waited before it */
    const char *call;  /* the text that the tag covers */
    const char *tag;   /* hex; NULL: the row has none */
    const char *nonce; /* see authd.audit_nonces(); NULL: no flaw */
};

/* What the seal or the queue says of the row. */
struct audit_row_place {
    const char *class_word;
    int64_t
        since; /* when the queue was last seen empty before, microseconds; INT64_MIN: not known */
    int64_t until; /* the time of the row's seal, microseconds */
};

struct audit_row_flaw {
    const char *kind; /* as in docs/audit.md */
    const char *text; /* goes on after "row 5 (user_set, 2026-01-31T12:00:00Z)" */
};

#define AUDIT_ROW_FLAWS_MAX 4

/* Returns how many flaws the row has. `key` NULL: the tag cannot be checked. */
unsigned audit_row_check(const struct audit_row *row, const struct audit_row_place *place,
                         const struct key *key, struct audit_row_flaw flaws[AUDIT_ROW_FLAWS_MAX]);

/* Whether a call of the operation can write a row of the action. */
bool audit_row_writes(const char *operation, const char *action);

#endif
