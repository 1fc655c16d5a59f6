/* Verifiers of app passwords and API keys under a pepper that another one has replaced: a new
 * verifier can be made only while a client presents the secret. The new verifier is written a
 * moment later, many in one statement, even if the request that presented the secret fails. */
#ifndef CREDENTIAL_REKEY_H
#define CREDENTIAL_REKEY_H

#include "credential/verifier.h"

struct core;
struct rekeys;

struct rekeys *rekeys_create(struct core *core);
/* Drops verifiers that are not written yet. */
void rekeys_destroy(struct rekeys *rekeys); /* NULL is fine */

/* After `secret` has matched `row`: a verifier under the first pepper replaces the row's, unless
 * the row has one already. Copies. */
void rekey_maybe_add(const struct core *core, const struct verifier_row *row, struct span secret);

#endif
