/* Shared by the source files of the audit. */
#ifndef AUDIT_AUDIT_PRIVATE_H
#define AUDIT_AUDIT_PRIVATE_H

#include "audit/audit.h"
#include "audit/audit_anchor.h"

/* The last seal that this node has seen. */
const struct audit_anchor *audits_anchor(const struct audits *audits);

#endif
