/* Logins that wait to be recorded: a bounded batch, folded when it gets full, and its JSON for
 * authd.audit_logins(). Pure. */
#ifndef CORE_AUDIT_BATCH_H
#define CORE_AUDIT_BATCH_H

#include "base/buf.h"
#include "core/audit.h"

/* What the database takes in a second without being noticed. */
#define AUDIT_BATCH_MAX 4096
/* Of so many, those that are alike are counted rather than listed. */
#define AUDIT_FOLD_FROM 1024

struct audit_record;

struct audit_batch {
    struct audit_record *records[AUDIT_BATCH_MAX];
    unsigned count;
    uint16_t alike[2 * AUDIT_BATCH_MAX]; // successful logins by what they say: place + 1, 0: free
    int64_t lost;                        // did not fit
};

/* `now` is clock_ms(). */
void audit_batch_add(struct audit_batch *batch, const struct audit_login *login, int64_t now);
/* Appends {"node", "number", "lost", "logins"}; ages count until `now`. */
struct audit_batch_name {
    const char *node;
    int64_t number;
};
void audit_batch_print(const struct audit_batch *batch, const struct audit_batch_name *name,
                       int64_t now, struct buf *out);
/* How many logins it stands for, those that are lost included. */
int64_t audit_batch_logins(const struct audit_batch *batch);
/* Empties it. */
void audit_batch_clear(struct audit_batch *batch);

#endif
