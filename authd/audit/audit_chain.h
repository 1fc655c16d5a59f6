/* Checks a chain of seals and the sealed rows; the caller passes them in order, one at a
 * time. Pure. */
#ifndef AUDIT_AUDIT_CHAIN_H
#define AUDIT_AUDIT_CHAIN_H

#include <jansson.h>

#include "audit/audit_anchor.h"
#include "crypto/key.h"

#define AUDIT_CHAIN_FLAWS_MAX 1000 /* listed; more are counted */

/* A seal as the database holds it; hex in lower case. */
struct audit_chain_seal {
    int64_t number;
    int64_t at; /* microseconds since 1970 */
    int64_t count;
    bool kept; /* the database has the seal's list of rows; else they must have expired */
    char class_word[16];
    char key[16];
    char previous[AUDIT_MAC_HEX + 1];
    char list[AUDIT_MAC_HEX + 1];
    char mac[AUDIT_MAC_HEX + 1];
};

struct audit_chain_row {
    int64_t id;
    const char *digest;  /* from the seal */
    const char *content; /* NULL: the row is missing, and the members below are NULL as well */
    const char *at;
    const char *action;
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

/* Takes the answer of authd.audit_state(). `fresh`: the check begins at the start of the chain;
 * else after `last`. */
void audit_chain_state(struct audit_chain *check, const json_t *state, bool fresh);

/* The rows that audit_chain_row() will get next. They let the check name the row whose text an
 * attacker moved into another row. */
void audit_chain_listed_clear(struct audit_chain *check);
void audit_chain_listed(struct audit_chain *check, int64_t id, const char *digest);

/* For each seal: audit_chain_begin(), audit_chain_row() for each row in order, audit_chain_end().
 */
void audit_chain_begin(struct audit_chain *check, const struct audit_chain_seal *seal);
void audit_chain_row(struct audit_chain *check, const struct audit_chain_row *row);
void audit_chain_end(struct audit_chain *check);

/* After the last seal of the chain. */
void audit_chain_chain_end(struct audit_chain *check);
/* `row` is {id, at, action} of a row that is in no seal. */
void audit_chain_unlisted(struct audit_chain *check, const json_t *row);

/* The report that audit/audit_verify.h describes. `next` NULL: the check is complete. */
json_t *audit_chain_report(const struct audit_chain *check, const char *next);

#endif
