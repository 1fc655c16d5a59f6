/* Puts seals over what is new in the audit (crypto/seal.h), once a second, on whichever node comes
 * first: the database lets no seal in but at the end of the chain, so two nodes cannot fork it.
 *
 * The end of the chain is also kept outside the database, where who can write there cannot: in the
 * log, each hour, and in state_dir/audit-heads, a line "NUMBER MAC" at most every ten minutes. A
 * chain that later ends before such a line, or has another MAC there, was cut. */
#ifndef CORE_AUDIT_SEAL_H
#define CORE_AUDIT_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/seal.h"

struct audit_sealer;
struct core;

/* A seal's place in the chain; number 0: none. */
struct audit_anchor {
    int64_t number;
    char mac[SEAL_HEX + 1];
};

/* "NUMBER MAC", and nothing else. False: it is something else. */
bool audit_anchor_parse(struct span text, struct audit_anchor *anchor);

struct audit_sealer *audit_sealer_create(struct core *core, const char *state_dir);
void audit_sealer_destroy(struct audit_sealer *sealer);

void audit_sealer_tick(struct audit_sealer *sealer);

/* The last seal that this node has seen, as the file says at the start. */
const struct audit_anchor *audit_sealer_anchor(const struct audit_sealer *sealer);

#endif
