/* What is right and wrong with a chain of seals and its rows, shown one after the other. Pure. */
#ifndef CORE_AUDIT_CHECK_H
#define CORE_AUDIT_CHECK_H

#include <jansson.h>

#include "core/audit_seal.h"
#include "crypto/keyed.h"

#define CHECK_FLAWS_MAX 1000 /* listed; more are counted */

/* As the database has it; hex in lower case. */
struct check_seal {
    int64_t number;
    int64_t at; /* microseconds since 1970 */
    int64_t count;
    bool kept; /* it has its rows; else they should have expired */
    char class_word[16];
    char key[16];
    char previous[SEAL_HEX + 1];
    char list[SEAL_HEX + 1];
    char mac[SEAL_HEX + 1];
};

struct check_row {
    int64_t id;
    const char *digest;  /* as the seal has it */
    const char *content; /* NULL: the row is missing, and all below with it */
    const char *at;
    const char *action;
    const char *subject; /* of the side rows: none, kept, changed, erased, gone */
    const char *actor;
};

struct check_listed;

struct audit_check {
    const struct key *key;
    struct audit_anchor anchor;     /* the asker's; number 0: none */
    struct audit_anchor remembered; /* this node's */
    struct audit_anchor last;       /* the seal before the next */
    int64_t seals;
    int64_t rows;
    int64_t erased;
    int64_t expired;
    int64_t unsealed;
    int64_t flaw_count;
    json_t *flaws;
    char computed[SEAL_HEX + 1]; // what the MAC of `last` should be
    int64_t horizon_change;
    int64_t horizon_login;
    struct check_seal seal; // being checked
    struct seal_list list;
    int64_t listed; // rows of it so far
    struct check_listed *moved_from;
    size_t moved_count;
    size_t moved_capacity;
};

void check_init(struct audit_check *check, const struct key *key,
                const struct audit_anchor *remembered);
void check_finish(struct audit_check *check);

/* The answer of authd.audit_state(). `fresh`: the check begins with the chain, not after `last`. */
void check_state(struct audit_check *check, const json_t *state, bool fresh);

/* Which rows are going to be shown: where a row's words come from when they are another's. */
void check_listed_clear(struct audit_check *check);
void check_listed(struct audit_check *check, int64_t id, const char *digest);

/* A seal, its rows in order, its end. */
void check_begin(struct audit_check *check, const struct check_seal *seal);
void check_row(struct audit_check *check, const struct check_row *row);
void check_end(struct audit_check *check);

void check_chain_end(struct audit_check *check);
/* {id, at, action} of a row that is in no seal. */
void check_unlisted(struct audit_check *check, const json_t *row);

/* core/audit_verify.h; `next` NULL: complete. */
json_t *check_report(const struct audit_check *check, const char *next);

#endif
