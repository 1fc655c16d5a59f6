/* An import in two calls to the database. Rows are checked; the first call asks for the account of
 * each hash, because an encrypted hash is bound to its account; the second call writes the rows. A
 * row is refused if its user was added or removed between the two calls. */
#ifndef MANAGE_IMPORT_CALL_H
#define MANAGE_IMPORT_CALL_H

#include "manage/call.h"

struct import_call;

/* Like manage_call_start(), for STATEMENT_IMPORT_ROWS. The arguments are not copied, and the import
 * changes them: the caller must not use them afterwards. */
struct import_call *import_call_start(struct core *core, const struct manage_request *request,
                                      result_done_f *done, void *arg);
void import_call_cancel(struct import_call *call);

#endif
