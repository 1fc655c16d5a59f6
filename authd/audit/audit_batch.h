/* A bounded batch of logins that wait to be recorded, and its JSON for authd.audit_logins(). A
 * batch that gets full folds equal successful logins into one record. Pure. */
#ifndef AUDIT_AUDIT_BATCH_H
#define AUDIT_AUDIT_BATCH_H

#include "audit/audit.h"
#include "base/buf.h"

/* Records in a batch: the database inserts that many in a second without slowing down logins. */
#define AUDIT_BATCH_MAX 4096
/* From this number of records on, a login that equals a recorded one only raises its count. */
#define AUDIT_FOLD_FROM 1024

struct audit_record;

struct audit_batch {
    struct audit_record *records[AUDIT_BATCH_MAX];
    unsigned count;
    uint16_t alike[2 * AUDIT_BATCH_MAX]; // hash table of successful logins: index + 1; 0: free
    int64_t lost;                        // how many logins did not fit
};

/* `now` is clock_ms(). */
void audit_batch_add(struct audit_batch *batch, const struct audit_login *login, int64_t now);
/* The database records a batch of one name once. */
struct audit_batch_name {
    const char *node;
    int64_t number;
};
/* Appends {"node", "number", "lost", "logins"}. The age of a login is its distance from `now`. */
void audit_batch_print(const struct audit_batch *batch, const struct audit_batch_name *name,
                       int64_t now, struct buf *out);
/* How many logins the batch stands for, including the lost ones. */
int64_t audit_batch_logins(const struct audit_batch *batch);
/* How old the oldest login of the batch is, in milliseconds. */
int64_t audit_batch_age(const struct audit_batch *batch, int64_t now);
void audit_batch_clear(struct audit_batch *batch);

#endif
