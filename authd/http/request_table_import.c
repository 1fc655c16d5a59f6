/* The body of an import. */
#include "http/request_table.h"
#include "http/resource.h"

#define TEXT_MAX 2048
#define LIST_MAX 256

static const char *const existing_words[] = {"skip", "update", "fail", NULL};

/* manage/import_rows.h checks what a row has, so that a bad row is refused alone. Each member
 * belongs to the right that it has in a request for one user; networks become a sending scope. */
static const struct request_member import_row[] = {
    {.name = "line",
     .type = REQUEST_INTEGER,
     .max = INT32_MAX,
     .description = "The line of the file, for the answer."},
    {.name = "login",
     .flags = REQUEST_REQUIRED,
     .min = 1,
     .max = TEXT_MAX,
     .description = "The login of the user."},
    {.name = "password_hash",
     .resources = RESOURCE_PASSWORDS,
     .min = 1,
     .max = TEXT_MAX,
     .description = "The stored hash of the main password."},
    {.name = "display_name", .min = 1, .max = 200, .description = "The name for people."},
    {.name = "recovery_address",
     .resources = RESOURCE_PASSWORDS,
     .min = 1,
     .max = TEXT_MAX,
     .description = "Where reset links are mailed to."},
    {.name = "addresses",
     .type = REQUEST_TEXTS,
     .max = LIST_MAX,
     .item_max = TEXT_MAX,
     .description = "The addresses that the user may send as."},
    {.name = "class",
     .resources = RESOURCE_SCOPES,
     .min = 1,
     .max = TEXT_MAX,
     .description = "The class of the user."},
    {.name = "networks",
     .type = REQUEST_TEXTS,
     .resources = RESOURCE_SCOPES,
     .max = LIST_MAX,
     .item_max = TEXT_MAX,
     .description = "The networks of the user's sending scope."},
    {.name = "suspended",
     .type = REQUEST_BOOLEAN,
     .description = "Whether the user is suspended; false does not resume a user."},
    {0},
};

const struct request_member request_import[] = {
    {.name = "existing",
     .min = 1,
     .max = 10,
     .words = existing_words,
     .description = "What becomes of a row whose user exists: it is skipped (without this), "
                    "updated or fails."},
    {.name = "create",
     .type = REQUEST_BOOLEAN,
     .description = "Whether a row adds its user if there is none; true without this."},
    {.name = "rows",
     .type = REQUEST_OBJECTS,
     .flags = REQUEST_REQUIRED | REQUEST_DESCRIBED,
     .max = 1000,
     .members = import_row,
     .description = "The users. A row with a mistake is refused alone."},
    {0},
};
