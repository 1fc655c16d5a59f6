/* Decides whether the network of a client may be remembered after a code. Pure.
 *
 * Threat: an address that many clients share, so that the code of one user admits others: loopback
 * (a webmail, a proxy), the networks that the configuration calls shared, and an unknown
 * address. */
#ifndef CREDENTIAL_REMEMBERED_NETWORK_H
#define CREDENTIAL_REMEMBERED_NETWORK_H

#include "credential/factor_rules.h"

/* Writes the network of a client's address as the database stores networks. False: the network must
 * not be remembered, and `out` is empty. */
bool remembered_network_of(const struct factor_remember *rules, const char *client,
                           char out[static NETWORK_TEXT_SIZE]);

#endif
