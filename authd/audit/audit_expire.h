/* Removes rows of the audit that are older than configured, each hour, in small pieces. The
 * database records the time up to which rows were removed (authd.audit_expire()). */
#ifndef AUDIT_AUDIT_EXPIRE_H
#define AUDIT_AUDIT_EXPIRE_H

#include "audit/audit.h"

struct audit_expiry;

struct audit_expiry *audit_expiry_create(struct core *core, const struct audit_options *options);
void audit_expiry_destroy(struct audit_expiry *expiry);

/* To be called once a second. */
void audit_expiry_tick(struct audit_expiry *expiry);

#endif
