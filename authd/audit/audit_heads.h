/* state_dir/audit-heads: the ends of the audit's chain that this node has seen, one on each line,
 * the newest last. Lines are only appended. */
#ifndef AUDIT_AUDIT_HEADS_H
#define AUDIT_AUDIT_HEADS_H

#include "audit/audit_anchor.h"

struct audit_heads;
struct workers;

/* Returns NULL if `state_dir` is NULL. `last` gets the anchor of the last line; without one, it
 * stays as it is. */
struct audit_heads *audit_heads_create(const char *state_dir, struct workers *workers,
                                       struct audit_anchor *last);
/* Writes the newest end if it is not on the disk yet. */
void audit_heads_destroy(struct audit_heads *heads);

/* Remembers the end of the chain; it is on the disk within ten minutes. */
void audit_heads_add(struct audit_heads *heads, const struct audit_anchor *anchor);

#endif
