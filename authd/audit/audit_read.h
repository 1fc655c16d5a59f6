/* Reads what the functions of schema/functions/audit_check.sql and audit_seal.sql return. Texts are
 * valid as long as the result. */
#ifndef AUDIT_AUDIT_READ_H
#define AUDIT_AUDIT_READ_H

#include "audit/audit_chain.h"
#include "store/db.h"

/* Of authd.audit_seals(). Returns how many rows the seal lists. */
int64_t audit_read_seal(const struct db_result *result, int i, struct audit_chain_seal *seal);

/* Of authd.audit_rows(): the seal's number, and the whole row. */
int64_t audit_read_row_seal(const struct db_result *result, int i);
void audit_read_row(const struct db_result *result, int i, struct audit_chain_row *item);

/* Of authd.audit_waiting(). Returns the class of the entry; NULL: a seal cannot take the entry.
 * `queue` gets the number of the entry, or INT64_MIN. */
const char *audit_read_waiting(const struct db_result *result, int i, int64_t *queue,
                               struct audit_chain_row *item);

/* Of authd.audit_unsealed(), where the columns of authd.audit_facts() begin with `from`. */
void audit_read_unsealed(const struct db_result *result, int i, int from,
                         struct audit_chain_row *item);

#endif
