/* Every object that the API answers. */
#include <stddef.h>

#include "http/object.h"

static const char *const roles[] = {"user", "helpdesk", "domain-admin", "auditor", "admin", NULL};
static const char *const up_words[] = {"up", "ready", NULL};

/* Every change says whether there was one, and a kept answer that it is one. */
#define CHANGE_MEMBERS                                                                             \
    {.name = "changed", .type = MEMBER_BOOLEAN, .flags = MEMBER_SOMETIMES},                        \
    {                                                                                              \
        .name = "replayed", .type = MEMBER_BOOLEAN, .flags = MEMBER_SOMETIMES                      \
    }

static const struct member user[] = {
    {.name = "kind"},
    {.name = "id"},
    {.name = "etag"},
    {.name = "login"},
    {.name = "domain"},
    {.name = "addresses", .type = MEMBER_TEXTS},
    {.name = "display_name", .flags = MEMBER_NULLABLE},
    {.name = "recovery_address", .flags = MEMBER_NULLABLE},
    {.name = "role", .words = roles},
    {.name = "domains", .type = MEMBER_TEXTS},
    {.name = "class", .flags = MEMBER_NULLABLE},
    {.name = "service", .type = MEMBER_BOOLEAN},
    {.name = "suspended", .type = MEMBER_BOOLEAN},
    {.name = "suspended_reason", .flags = MEMBER_NULLABLE},
    {.name = "suspended_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "has_password", .type = MEMBER_BOOLEAN},
    {.name = "password_generation", .type = MEMBER_INTEGER},
    {.name = "password_set_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "created_at", .type = MEMBER_TIME},
    {.name = "last_login_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "domain_created", .type = MEMBER_BOOLEAN, .flags = MEMBER_SOMETIMES},
    CHANGE_MEMBERS,
    {0},
};

static const struct member status[] = {
    {.name = "status", .words = up_words},
    {0},
};

static const struct member field_error[] = {
    {.name = "field"},
    {.name = "detail"},
    {0},
};

static const struct member problem[] = {
    {.name = "type"},
    {.name = "title"},
    {.name = "status", .type = MEMBER_INTEGER},
    {.name = "detail"},
    {.name = "reference"},
    {.name = "hint", .flags = MEMBER_SOMETIMES},
    {.name = "errors", .type = MEMBER_OBJECTS, .flags = MEMBER_SOMETIMES, .object = "field-error"},
    {0},
};

_Static_assert(MEMBER_TEXT == 0, "a member without a type is a text");

const struct http_object http_objects[] = {
    {"user", user},
    {"address", NULL},
    {"status", status},
    {"problem", problem},
    {"field-error", field_error},
    {0},
};
