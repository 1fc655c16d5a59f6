#include "http/request_table.h"
#include "http/router.h"

#define LIFE_MAX    3155760000L /* a hundred years, in seconds */
#define OVERLAP_MAX 604800      /* seven days, in seconds */

#define SCOPE                                                                                      \
    .name = "scope", .type = REQUEST_OBJECT, .flags = REQUEST_NULLABLE | REQUEST_DESCRIBED,        \
    .members = request_scope

/* clang-format off */
#define END_FIELDS {.name = "expires_at", .type = REQUEST_TIME, .flags = REQUEST_NULLABLE},            \
                   {.name = "expires_in", .type = REQUEST_INTEGER, .min = 60, .max = LIFE_MAX,       \
                    .description = "How many seconds from now the app password ends; with a"       \
                                   " sliding end, how many after its last use."},                  \
                   {.name = "sliding", .type = REQUEST_BOOLEAN}
/* clang-format on */

const struct request_member request_app_password_list[] = {
    REQUEST_PAGE,
    {.name = "match",
     .min = 1,
     .max = 200,
     .pattern = REQUEST_PRINTABLE,
     .description = "Only app passwords with this text in their label."},
    {.name = "expired",
     .type = REQUEST_BOOLEAN,
     .description = "Only app passwords that have ended, or only those that have not."},
    {0},
};

/* The scope of an app password belongs to app-passwords, not to scopes: it only narrows what the
 * scopes of user, class, domain and site allow, and it ends with the app password. */
const struct request_member request_app_password[] = {
    {REQUEST_LABEL, .flags = REQUEST_REQUIRED},
    END_FIELDS,
    {SCOPE},
    {.name = "hash",
     .roles = ROLE_DOMAIN_ADMIN | ROLE_ADMIN,
     .min = 1,
     .max = 1024,
     .description =
         "The stored hash of an imported app password, whose secret authd does not make."},
    {0},
};

const struct request_member request_app_password_changes[] = {
    {REQUEST_LABEL},
    END_FIELDS,
    {SCOPE},
    {0},
};

const struct request_member request_rotate[] = {
    {.name = "overlap",
     .type = REQUEST_INTEGER,
     .min = 0,
     .max = OVERLAP_MAX,
     .description = "For how many seconds the old secret still works."},
    {0},
};
