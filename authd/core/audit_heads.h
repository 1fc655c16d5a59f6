/* state_dir/audit-heads: the ends of the audit's chain that this node has seen, one a line, newest
 * last. Only ever appended to. */
#ifndef CORE_AUDIT_HEADS_H
#define CORE_AUDIT_HEADS_H

#include "core/audit_seal.h"

struct audit_heads;
struct workers;

/* NULL: no directory. `last` becomes the last line's anchor, or stays. */
struct audit_heads *audit_heads_create(const char *state_dir, struct workers *workers,
                                       struct audit_anchor *last);
/* Writes what was put off. */
void audit_heads_destroy(struct audit_heads *heads);

/* Remembers the end of the chain; it is on the disk within ten minutes. */
void audit_heads_add(struct audit_heads *heads, const struct audit_anchor *anchor);

#endif
