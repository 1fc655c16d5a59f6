#include "http/fields.h"

#include "http/cursor.h"
#include "http/router.h"

#define NAME_FIELD_MAX 1024 /* octets as typed; core/name.h bounds the canonical form */
#define NOTE_MAX       2000

static const char *const roles[] = {"user", "helpdesk", "domain-admin", "auditor", "admin", NULL};

_Static_assert(FIELD_TEXT == 0, "a field without a type is a text");

#define DRY_RUN                                                                                    \
    {                                                                                              \
        .name = "dry_run", .type = FIELD_BOOLEAN                                                   \
    }
#define PAGE_FIELDS                                                                                \
    {.name = "cursor", .min = 1, .max = CURSOR_MAX},                                               \
    {                                                                                              \
        .name = "limit", .type = FIELD_INTEGER, .min = 1, .max = 1000                              \
    }

#define ADMINISTRATORS (ROLE_DOMAIN_ADMIN | ROLE_ADMIN)

const struct field fields_change_query[] = {DRY_RUN, {0}};

const struct field fields_user_list[] = {
    PAGE_FIELDS,
    {.name = "match", .min = 1, .max = 200},
    {.name = "suspended", .type = FIELD_BOOLEAN},
    {.name = "address", .min = 1, .max = NAME_FIELD_MAX},
    {0},
};

const struct field fields_user[] = {
    {.name = "login", .flags = FIELD_REQUIRED, .min = 1, .max = NAME_FIELD_MAX},
    {.name = "addresses", .type = FIELD_TEXTS, .max = 256},
    {.name = "display_name", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {.name = "recovery_address", .flags = FIELD_NULLABLE, .min = 1, .max = NAME_FIELD_MAX},
    {.name = "role", .flags = FIELD_SENSITIVE, .min = 1, .max = 40, .words = roles},
    {.name = "service", .type = FIELD_BOOLEAN},
    {.name = "password", .min = 1, .max = 1024},
    {0},
};

const struct field fields_user_changes[] = {
    {.name = "display_name", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {.name = "recovery_address",
     .flags = FIELD_NULLABLE | FIELD_SENSITIVE,
     .min = 1,
     .max = NAME_FIELD_MAX},
    {.name = "role",
     .flags = FIELD_NULLABLE | FIELD_SENSITIVE,
     .roles = ADMINISTRATORS,
     .min = 1,
     .max = 40,
     .words = roles},
    {0},
};

const struct field fields_suspend[] = {
    {.name = "reason", .flags = FIELD_NULLABLE, .min = 1, .max = NOTE_MAX},
    {0},
};

const struct field fields_address[] = {
    {.name = "address", .flags = FIELD_REQUIRED, .min = 1, .max = NAME_FIELD_MAX},
    {0},
};

const struct field fields_address_query[] = {
    {.name = "address", .flags = FIELD_REQUIRED, .min = 1, .max = NAME_FIELD_MAX},
    DRY_RUN,
    {0},
};

const struct field fields_password[] = {
    {.name = "password", .flags = FIELD_REQUIRED, .min = 1, .max = 1024},
    {0},
};
