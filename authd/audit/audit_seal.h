/* Seals the new rows of the audit (crypto/audit_mac.h) once a second. Every node tries, and the
 * first one succeeds: the database accepts a seal only at the end of the chain, so two nodes cannot
 * fork it.
 *
 * An attacker who can write in the database could cut the chain. So its end is also kept outside
 * the database: in the log, each hour, and in state_dir/audit-heads, as a line "NUMBER MAC" at most
 * every ten minutes. A chain that later ends before such a line, or has another MAC at that number,
 * was cut. */
#ifndef AUDIT_AUDIT_SEAL_H
#define AUDIT_AUDIT_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit_anchor.h"

struct audit_sealer;
struct core;

/* `state_dir` NULL: audit-heads is not kept. */
struct audit_sealer *audit_sealer_create(struct core *core, const char *state_dir);
void audit_sealer_destroy(struct audit_sealer *sealer);

/* Seals the new rows, unless this node is sealing already. To be called once a second. */
void audit_sealer_tick(struct audit_sealer *sealer);

/* The last seal that this node has seen; right after the start, the last line of audit-heads. */
const struct audit_anchor *audit_sealer_anchor(const struct audit_sealer *sealer);

#endif
