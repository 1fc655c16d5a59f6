/* Replaces a weak or foreign password hash after a good login, when the password is at hand.
 *
 * Belongs to nobody's request: the login is answered first, and its client may be gone. Only a few
 * run at a time, one per account; what does not fit waits for that user's next login. The database
 * replaces the hash only if it is still the one that was verified. */
#ifndef CORE_UPGRADE_H
#define CORE_UPGRADE_H

#include <stdint.h>

#include "base/span.h"

struct core;
struct upgrades;

struct upgrades *upgrades_create(struct core *core);
void upgrades_destroy(struct upgrades *upgrades); /* gives up what is under way */

struct upgrade_request {
    int64_t account;
    int64_t seal;       /* stays: it is the same password */
    const char *sealed; /* the hash as it is in the row, */
    const char *stored; /* and opened */
    struct span password;
};

/* Does nothing unless `stored` is weaker than what would be made today. Copies. */
void upgrade_consider(struct upgrades *upgrades, const struct upgrade_request *request);

#endif
