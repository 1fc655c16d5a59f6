/* Takes what is too old from the audit, each hour, piece by piece; the database records up to when
 * (authd.audit_expire()). */
#ifndef CORE_AUDIT_EXPIRE_H
#define CORE_AUDIT_EXPIRE_H

#include "core/audit.h"

struct audit_expiry;

struct audit_expiry *audit_expiry_create(struct core *core, const struct audit_options *options);
void audit_expiry_destroy(struct audit_expiry *expiry);

/* Once a second. */
void audit_expiry_tick(struct audit_expiry *expiry);

#endif
