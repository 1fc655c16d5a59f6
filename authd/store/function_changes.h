/* The functions of the schema: what a transaction does to them, and those that do not belong. */
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
/* What has happened to them since; `change`: "new", "changed" or "dropped". */
bool function_changes_list(PGconn *pg, const PGresult *before, function_change_f *note, void *arg,
                           struct err *err);

/* Drops the functions of the schema that are not in `signatures` (one a line), which all have to be
 * there: otherwise a function that is needed could be taken for one that is not. */
bool functions_drop_strays(PGconn *pg, const char *signatures, struct err *err);

#endif
