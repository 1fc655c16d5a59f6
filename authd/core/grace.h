/* Where, after a code, the same password is good without one for a while. Pure.
 *
 * Threat: an address that too many have in common, so that one's code opens the door to all:
 * loopback (a web mail, a proxy), what the configuration calls shared, and what is not known. */
#ifndef CORE_GRACE_H
#define CORE_GRACE_H

#include "core/factor_rules.h"

/* The network of a client's address, for the database. False: there is no grace for it, and `out`
 * is empty. */
bool grace_network(const struct factor_grace *rules, const char *client,
                   char out[static NETWORK_TEXT_SIZE]);

#endif
