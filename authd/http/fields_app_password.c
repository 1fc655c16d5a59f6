#include "http/cursor.h"
#include "http/fields.h"
#include "http/router.h"

#define LABEL_MAX   400         /* octets of 100 characters */
#define LIFE_MAX    3155760000L /* a hundred years, in seconds */
#define OVERLAP_MAX 604800      /* seven days, in seconds */

#define LABEL .name = "label", .min = 1, .max = LABEL_MAX

/* clang-format off */
#define END_FIELDS {.name = "expires_at", .type = FIELD_TIME, .flags = FIELD_NULLABLE},            \
                   {.name = "expires_in", .type = FIELD_INTEGER, .min = 60, .max = LIFE_MAX},      \
                   {.name = "sliding", .type = FIELD_BOOLEAN}
/* clang-format on */

const struct field fields_app_password_list[] = {
    {.name = "cursor", .min = 1, .max = CURSOR_MAX},
    {.name = "limit", .type = FIELD_INTEGER, .min = 1, .max = 1000},
    {.name = "match", .min = 1, .max = 200},
    {.name = "expired", .type = FIELD_BOOLEAN},
    {0},
};

const struct field fields_app_password[] = {
    {LABEL, .flags = FIELD_REQUIRED},
    END_FIELDS,
    {.name = "scope", .type = FIELD_OBJECT, .flags = FIELD_NULLABLE},
    {.name = "hash", .roles = ROLE_DOMAIN_ADMIN | ROLE_ADMIN, .min = 1, .max = 1024},
    {0},
};

const struct field fields_app_password_changes[] = {
    {LABEL},
    END_FIELDS,
    {.name = "scope", .type = FIELD_OBJECT, .flags = FIELD_NULLABLE},
    {0},
};

const struct field fields_rotate[] = {
    {.name = "overlap", .type = FIELD_INTEGER, .min = 0, .max = OVERLAP_MAX},
    {0},
};
