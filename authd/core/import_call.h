/* An import: rows are checked, the database is asked for whom their hashes are to be sealed, and
 * gets them sealed. Somebody who was added or removed between the two is told from the one whom the
 * hash was sealed for: such a row is refused. */
#ifndef CORE_IMPORT_CALL_H
#define CORE_IMPORT_CALL_H

#include "core/account.h"

struct import_call;

/* As account_start(), for STATEMENT_IMPORT_ROWS; but the arguments are not copied, they are changed
 * on the way, and the caller does not look at them any more. */
struct import_call *import_start(struct core *core, const struct account_request *request,
                                 account_done_f *done, void *arg);
void import_cancel(struct import_call *call);

#endif
