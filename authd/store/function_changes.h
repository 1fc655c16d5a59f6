/* The functions of the schema: which of them a transaction changes, and which belong to no set. */
#ifndef STORE_FUNCTION_CHANGES_H
#define STORE_FUNCTION_CHANGES_H

#include <libpq-fe.h>

#include "base/err.h"

struct function_changes {
    unsigned made;
    unsigned changed;
    unsigned dropped;
};

typedef void function_change_f(const char *signature, const char *change, void *arg);

/* The definitions and rights of all functions now, for function_changes_list(). NULL: see `err`. */
PGresult *function_changes_begin(PGconn *pg, struct err *err);
/* Reports each function that has changed since. `change`: "new", "changed" or "dropped". */
bool function_changes_list(PGconn *pg, const PGresult *before, function_change_f *report, void *arg,
                           struct err *err);

/* Drops the functions of the schema that are not in `signatures` (one a line). False, before
 * anything is dropped: a function of `signatures` is missing, so the list cannot be trusted. */
bool function_changes_drop_strays(PGconn *pg, const char *signatures, struct err *err);

#endif
