/* What the API answers of imports. */
#include "api/members.h"

static const char *const outcomes[] = {"added", "updated", "unchanged", "skipped", "refused", NULL};

static const struct response_member import_row[] = {
    {.name = "line",
     .type = RESPONSE_INTEGER,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The line number that the request gave the row."},
    {.name = "login", .flags = RESPONSE_NULLABLE, .meaning = "The login of the row."},
    {.name = "outcome", .words = outcomes, .meaning = "What became of the row."},
    {.name = "detail",
     .flags = RESPONSE_NULLABLE,
     .meaning = "Why the row was skipped or refused."},
    {.name = "hint", .flags = RESPONSE_NULLABLE, .meaning = "What to do about the row."},
    {0},
};

const struct response_schema response_import_row = {"import-row", "What became of one row.",
                                                    import_row};

static const struct response_member import[] = {
    {.name = "results",
     .type = RESPONSE_OBJECTS,
     .schema = &response_import_row,
     .meaning = "What became of each row, in the order of the request."},
    {.name = "counts", .type = RESPONSE_OBJECT, .meaning = "How many rows had each outcome."},
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_import = {"import", "What became of the rows of a request.",
                                                import};
