/* Every route there is. */
#include "http/api.h"
#include "http/router.h"

#define NAME_FIELD_MAX 1024 /* octets as typed; core/name.h bounds the canonical form */

static const char *const roles[] = {"user", "helpdesk", "domain-admin", "auditor", "admin", NULL};

static const struct field change_query[] = {
    {.name = "dry_run", .type = FIELD_BOOLEAN},
    {0},
};

static const struct field user_list_query[] = {
    {.name = "cursor", .argument = "after", .type = FIELD_TEXT, .min = 1, .max = NAME_FIELD_MAX},
    {.name = "limit", .type = FIELD_INTEGER, .min = 1, .max = 1000},
    {.name = "match", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "suspended", .type = FIELD_BOOLEAN},
    {.name = "address", .type = FIELD_TEXT, .min = 1, .max = NAME_FIELD_MAX},
    {0},
};

static const struct field user_body[] = {
    {.name = "login", .flags = FIELD_REQUIRED, .min = 1, .max = NAME_FIELD_MAX},
    {.name = "addresses", .type = FIELD_TEXTS, .max = 256},
    {.name = "display_name", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {.name = "recovery_address", .flags = FIELD_NULLABLE, .min = 1, .max = NAME_FIELD_MAX},
    {.name = "role", .min = 1, .max = 40, .words = roles},
    {.name = "service", .type = FIELD_BOOLEAN},
    {.name = "password", .min = 1, .max = 1024},
    {0},
};

static const struct field user_changes[] = {
    {.name = "display_name", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {.name = "recovery_address", .flags = FIELD_NULLABLE, .min = 1, .max = NAME_FIELD_MAX},
    {.name = "role", .flags = FIELD_NULLABLE, .min = 1, .max = 40, .words = roles},
    {0},
};

static const struct field suspend_body[] = {
    {.name = "reason", .flags = FIELD_NULLABLE, .min = 1, .max = 2000},
    {0},
};

static const struct field address_body[] = {
    {.name = "address", .flags = FIELD_REQUIRED, .min = 1, .max = NAME_FIELD_MAX},
    {0},
};

static const struct field address_remove_query[] = {
    {.name = "address", .flags = FIELD_REQUIRED, .min = 1, .max = NAME_FIELD_MAX},
    {.name = "dry_run", .type = FIELD_BOOLEAN},
    {0},
};

static const struct field password_body[] = {
    {.name = "password", .flags = FIELD_REQUIRED, .min = 1, .max = 1024},
    {0},
};

_Static_assert(FIELD_TEXT == 0, "a field without a type is a text");

#define ADMIN(METHOD, PATTERN, STATEMENT)                                                          \
    .method = HTTP_##METHOD, .pattern = (PATTERN), .right = RIGHT_ADMIN, .run = api_account,       \
    .statement = STATEMENT_##STATEMENT

const struct http_route http_routes[] = {
    {.method = HTTP_GET, .pattern = "/healthz", .run = api_health},
    {.method = HTTP_GET, .pattern = "/readyz", .run = api_ready},

    {ADMIN(GET, "/v1/users", USER_LIST), .query = user_list_query},
    {ADMIN(POST, "/v1/users", USER_ADD), .query = change_query, .body = user_body, .created = 201},
    {ADMIN(GET, "/v1/users/{user}", USER_SHOW)},
    {ADMIN(PATCH, "/v1/users/{user}", USER_SET), .query = change_query, .body = user_changes,
     .body_argument = "changes"},
    {ADMIN(DELETE, "/v1/users/{user}", USER_DELETE), .query = change_query},
    {ADMIN(POST, "/v1/users/{user}/suspend", USER_SUSPEND), .query = change_query,
     .body = suspend_body},
    {ADMIN(POST, "/v1/users/{user}/resume", USER_RESUME), .query = change_query},

    {ADMIN(GET, "/v1/users/{user}/addresses", ADDRESS_LIST)},
    {ADMIN(POST, "/v1/users/{user}/addresses", ADDRESS_ADD), .query = change_query,
     .body = address_body},
    {ADMIN(DELETE, "/v1/users/{user}/addresses", ADDRESS_REMOVE), .query = address_remove_query},

    {ADMIN(PUT, "/v1/users/{user}/password", PASSWORD_SET), .query = change_query,
     .body = password_body},
    {ADMIN(DELETE, "/v1/users/{user}/password", PASSWORD_CLEAR), .query = change_query},

    {0},
};
