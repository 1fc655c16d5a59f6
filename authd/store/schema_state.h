/* What was applied to a database, and what that means for a program. */
#ifndef STORE_SCHEMA_STATE_H
#define STORE_SCHEMA_STATE_H

#include <libpq-fe.h>

#include "base/err.h"
#include "store/migrations.h"

#define SHA256_TEXT_LENGTH 64

/* The row of authd.schema_info; all zero: there is no schema yet. */
struct schema_state {
    int migration; /* the number of the last one */
    char migration_sha256[SHA256_TEXT_LENGTH + 1];
    int function_set;
    char function_set_sha256[SHA256_TEXT_LENGTH + 1];
    int oldest_compatible;
};

/* A schema_info of another shape reads as migration 1 without a hash, which fits no program. */
bool schema_state_read(PGconn *pg, struct schema_state *state, struct err *err);

enum schema_step {
    SCHEMA_APPLY,   /* the program has something that the database lacks */
    SCHEMA_CURRENT, /* both have the same */
    SCHEMA_NEWER,   /* the database has more, and the program can run with it */
    SCHEMA_REFUSED, /* see `why`, which has the remedy */
};

/* What a program does to a database. An older program never replaces what a newer program applied.
 * Two programs with different texts of one number never replace each other's. */
enum schema_step schema_state_compare(const struct schema_state *state,
                                      const struct schema *program, struct err *why);

#endif
