/* Shared by the source files of the audit. */
#ifndef CORE_AUDIT_PRIVATE_H
#define CORE_AUDIT_PRIVATE_H

#include "core/audit.h"
#include "core/audit_seal.h"

/* The last seal that this node has seen. */
const struct audit_anchor *audits_anchor(const struct audits *audits);

#endif
