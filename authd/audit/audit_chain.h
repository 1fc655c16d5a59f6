/* Checks a chain of seals and the sealed rows; the caller passes them in order, one at a
 * time. Pure. */
#ifndef AUDIT_AUDIT_CHAIN_H
#define AUDIT_AUDIT_CHAIN_H

#include <jansson.h>

#include "audit/audit_anchor.h"
#include "audit/audit_row.h"
#include "crypto/key.h"

#define AUDIT_CHAIN_FLAWS_MAX 1000 /* listed; more are counted */

/* A seal as the database holds it; hex in lower case. */
struct audit_chain_seal {
    int64_t number;
    int64_t at;      /* microseconds since 1970 */
    int64_t drained; /* when the queue was last seen empty but for the rows of a seal */
    int64_t since;   /* `drained` of the seal before, by the database; INT64_MIN: not known */
    int64_t count;
    bool kept;  /* the database has the seal's list of rows; else they must have expired */
    bool whole; /* what the MAC does not cover is as authd makes it */
    char class_word[16];
    char key[16];
    char previous[AUDIT_MAC_HEX + 1];
    char list[AUDIT_MAC_HEX + 1];
    char mac[AUDIT_MAC_HEX + 1];
};

struct audit_chain_row {
    int64_t id;
    const char *digest;  /* from the seal; NULL: the row waits for a seal */
    const char *content; /* NULL: the row is missing, and the members below are not set */
    const char *time;    /* for people */
    struct audit_row row;
    const char *subject; /* state of the personal data: none, kept, changed, erased or gone */
    const char *actor;   /* state of the personal data: none, kept, changed, erased or gone */
};

struct audit_chain_listed;

struct audit_chain {
    const struct key *key;
    struct audit_anchor anchor;     /* from the caller; number 0: none */
    struct audit_anchor remembered; /* from this node's audit-heads */
    struct audit_anchor last;       /* the last checked seal */
    int64_t seals;
    int64_t rows;
    int64_t erased;
    int64_t expired;
    int64_t unsealed;
    int64_t flaw_count;
    json_t *flaws;
    char computed[AUDIT_MAC_HEX + 1]; // the MAC that `last` should have
    int64_t now;                      // the database's time, microseconds since 1970
    int64_t newest;                   // `drained` of the last seal of the chain
    bool follows;                     // `drained` is known without asking the database
    int64_t drained;                  // of the seal before; INT64_MIN: not known
    int64_t horizon_change;           // rows of changes in seals before this time have expired
    int64_t horizon_login;            // rows of logins in seals before this time have expired
    struct audit_chain_seal seal;     // the seal that is being checked
    struct audit_mac_list list;       // the digest of that seal's rows so far
    int64_t listed;                   // how many rows of that seal have been checked
    struct audit_chain_listed *moved_from;
    size_t moved_count;
    size_t moved_capacity;
};

void audit_chain_init(struct audit_chain *check, const struct key *key,
                      const struct audit_anchor *remembered);
void audit_chain_finish(struct audit_chain *check);

/* Takes the answer of authd.audit_state(). `fresh`: the check begins at the start; else where
 * `next` of an earlier report says. */
void audit_chain_state(struct audit_chain *check, const json_t *state, bool fresh);

/* The rows that audit_chain_row() will get next. They let the check name the row whose text an
 * attacker moved into another row. */
void audit_chain_listed_clear(struct audit_chain *check);
void audit_chain_listed(struct audit_chain *check, int64_t id, const char *digest);

/* Before the first seal, for each row that waits for a seal. `entry`: its class; NULL: a seal
 * cannot take the entry, and the row is not set. `queue`: the entry's number. */
void audit_chain_waiting(struct audit_chain *check, int64_t queue, const char *entry,
                         const struct audit_chain_row *row);

/* For each seal: audit_chain_begin(), audit_chain_row() for each row in order, audit_chain_end().
 */
void audit_chain_begin(struct audit_chain *check, const struct audit_chain_seal *seal);
void audit_chain_row(struct audit_chain *check, const struct audit_chain_row *row);
void audit_chain_end(struct audit_chain *check);

/* After the last seal of the chain. */
void audit_chain_chain_end(struct audit_chain *check);
/* `row` is {id, at, action, kind}, see authd.audit_unlisted(). */
void audit_chain_unlisted(struct audit_chain *check, const json_t *row);

/* The report that audit/audit_verify.h describes. `next` NULL: the check is complete. */
json_t *audit_chain_report(const struct audit_chain *check, const char *next);

#endif
