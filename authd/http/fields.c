#include "http/fields.h"

#include "http/cursor.h"
#include "http/router.h"

#define NAME_FIELD_MAX 1024 /* octets as typed; core/name.h bounds the canonical form */
#define NOTE_MAX       2000
#define LABEL_MAX      400 /* octets of 100 characters */
#define CODE_MAX       100 /* with blanks and hyphens */
#define TICKET_MAX     100
#define LIFE_MAX       63072000L /* two years, in seconds */

static const char *const roles[] = {"user", "helpdesk", "domain-admin", "auditor", "admin", NULL};
static const char *const user_orders[] = {
    "login", "-login", "created_at", "-created_at", "last_login_at", "-last_login_at", NULL,
};
static const char *const policies[] = {"off", "optional", "required", NULL};
static const char *const delimiters[] = {"+", "-", "=", ".", NULL};

_Static_assert(FIELD_TEXT == 0, "a field without a type is a text");

/* clang-format off */
#define DRY_RUN     {.name = "dry_run", .type = FIELD_BOOLEAN}
#define PAGE_FIELDS {.name = "cursor", .min = 1, .max = CURSOR_MAX},                               \
                    {.name = "limit", .type = FIELD_INTEGER, .min = 1, .max = 1000}
#define NAMED(NAME) .name = (NAME), .min = 1, .max = NAME_FIELD_MAX
#define LIFE_FIELDS {.name = "expires_in", .type = FIELD_INTEGER, .min = 1, .max = LIFE_MAX},      \
                    {.name = "expires_at", .type = FIELD_TIME}
#define SECOND_FACTOR                                                                              \
    .name = "second_factor", .flags = FIELD_NULLABLE | FIELD_SENSITIVE, .min = 1, .max = 8,        \
    .words = policies
/* A time or a date, which is for the database to tell. */
#define GRACE_DATE                                                                                 \
    .name = "second_factor_grace_date", .flags = FIELD_NULLABLE | FIELD_SENSITIVE, .min = 10,      \
    .max = 40
/* clang-format on */

#define ADMINISTRATORS (ROLE_DOMAIN_ADMIN | ROLE_ADMIN)

const struct field fields_change_query[] = {DRY_RUN, {0}};
const struct field fields_page[] = {PAGE_FIELDS, {0}};

/* ---- users --------------------------------------------------------------------------------- */

const struct field fields_user_list[] = {
    PAGE_FIELDS,
    {.name = "sort", .min = 1, .max = 20, .words = user_orders},
    {.name = "match", .min = 1, .max = 200},
    {.name = "suspended", .type = FIELD_BOOLEAN},
    {NAMED("address")},
    {NAMED("domain")},
    {.name = "class", .min = 1, .max = 40},
    {.name = "role", .min = 1, .max = 40, .words = roles},
    {.name = "service", .type = FIELD_BOOLEAN},
    {.name = "unused_days", .type = FIELD_INTEGER, .min = 1, .max = 36500},
    {.name = "without_password", .type = FIELD_BOOLEAN},
    {.name = "without_factor", .type = FIELD_BOOLEAN},
    {0},
};

const struct field fields_user[] = {
    {NAMED("login"), .flags = FIELD_REQUIRED},
    {.name = "addresses", .type = FIELD_TEXTS, .max = 256},
    {.name = "display_name", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {NAMED("recovery_address"), .flags = FIELD_NULLABLE},
    {.name = "role", .flags = FIELD_SENSITIVE, .min = 1, .max = 40, .words = roles},
    {.name = "class", .flags = FIELD_NULLABLE, .min = 1, .max = 40},
    {.name = "service", .type = FIELD_BOOLEAN},
    {.name = "password", .min = 1, .max = 1024},
    {SECOND_FACTOR},
    {0},
};

const struct field fields_user_changes[] = {
    {.name = "display_name", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {NAMED("recovery_address"), .flags = FIELD_NULLABLE | FIELD_SENSITIVE},
    {.name = "role",
     .flags = FIELD_NULLABLE | FIELD_SENSITIVE,
     .roles = ADMINISTRATORS,
     .min = 1,
     .max = 40,
     .words = roles},
    {.name = "class", .flags = FIELD_NULLABLE, .roles = ADMINISTRATORS, .min = 1, .max = 40},
    {NAMED("login"), .flags = FIELD_SENSITIVE, .roles = ADMINISTRATORS},
    {.name = "domains",
     .type = FIELD_TEXTS,
     .flags = FIELD_NULLABLE | FIELD_SENSITIVE,
     .roles = ROLE_ADMIN,
     .max = 256},
    {SECOND_FACTOR, .roles = ADMINISTRATORS},
    {0},
};

const struct field fields_suspend[] = {
    {.name = "reason", .flags = FIELD_NULLABLE, .min = 1, .max = NOTE_MAX},
    {0},
};

const struct field fields_address[] = {
    {NAMED("address"), .flags = FIELD_REQUIRED},
    {0},
};

const struct field fields_address_query[] = {
    {NAMED("address"), .flags = FIELD_REQUIRED},
    DRY_RUN,
    {0},
};

const struct field fields_password[] = {
    {.name = "password", .flags = FIELD_REQUIRED, .min = 1, .max = 1024},
    {.name = "keep_credentials", .type = FIELD_BOOLEAN},
    {0},
};

const struct field fields_password_strength[] = {
    {.name = "password", .flags = FIELD_REQUIRED, .min = 1, .max = 1024},
    {0},
};

const struct field fields_reset_link[] = {
    {.name = "keep_credentials", .type = FIELD_BOOLEAN},
    {0},
};

const struct field fields_reset[] = {
    {.name = "token", .flags = FIELD_REQUIRED, .min = 1, .max = 200},
    {.name = "password", .flags = FIELD_REQUIRED, .min = 1, .max = 1024},
    {0},
};

/* ---- domains, classes, keys ---------------------------------------------------------------- */

const struct field fields_domain_list[] = {
    PAGE_FIELDS,
    {.name = "match", .min = 1, .max = 200},
    {0},
};

const struct field fields_domain[] = {
    {NAMED("name"), .argument = "new_domain", .flags = FIELD_REQUIRED},
    {.name = "recipient_delimiter",
     .flags = FIELD_NULLABLE,
     .min = 1,
     .max = 1,
     .words = delimiters},
    {.name = "description", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {SECOND_FACTOR},
    {GRACE_DATE},
    {0},
};

const struct field fields_domain_changes[] = {
    {.name = "recipient_delimiter",
     .flags = FIELD_NULLABLE,
     .min = 1,
     .max = 1,
     .words = delimiters},
    {.name = "description", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {SECOND_FACTOR},
    {GRACE_DATE},
    {0},
};

const struct field fields_class[] = {
    {.name = "name", .flags = FIELD_REQUIRED, .min = 1, .max = 40},
    {.name = "description", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {0},
};

const struct field fields_class_changes[] = {
    {.name = "name", .min = 1, .max = 40},
    {.name = "description", .flags = FIELD_NULLABLE, .min = 1, .max = 800},
    {0},
};

const struct field fields_api_key[] = {
    {.name = "label", .flags = FIELD_REQUIRED, .min = 1, .max = LABEL_MAX},
    {.name = "rights", .type = FIELD_TEXTS, .max = 40},
    {.name = "domains", .type = FIELD_TEXTS, .flags = FIELD_NULLABLE, .max = 256},
    LIFE_FIELDS,
    {0},
};

const struct field fields_api_key_changes[] = {
    {.name = "label", .min = 1, .max = LABEL_MAX},
    {.name = "rights", .type = FIELD_TEXTS, .max = 40},
    {.name = "domains", .type = FIELD_TEXTS, .flags = FIELD_NULLABLE, .max = 256},
    LIFE_FIELDS,
    {0},
};

const struct field fields_key_rotate[] = {
    {.name = "prepare", .type = FIELD_BOOLEAN},
    {0},
};

/* ---- signing in ---------------------------------------------------------------------------- */

const struct field fields_sign_in[] = {
    {NAMED("login"), .flags = FIELD_REQUIRED},
    {.name = "password", .flags = FIELD_REQUIRED, .min = 1, .max = 1024},
    {.name = "code", .min = 1, .max = CODE_MAX},
    {0},
};

const struct field fields_fresh[] = {
    {.name = "password", .flags = FIELD_REQUIRED, .min = 1, .max = 1024},
    {.name = "code", .min = 1, .max = CODE_MAX},
    {0},
};

/* ---- second factors ------------------------------------------------------------------------ */

static const char *const algorithms[] = {"SHA1", "SHA256", "SHA512", NULL};

const struct field fields_totp[] = {
    {.name = "algorithm", .min = 1, .max = 10, .words = algorithms},
    {.name = "digits", .type = FIELD_INTEGER, .min = 6, .max = 8},
    {.name = "ticket", .min = 1, .max = TICKET_MAX},
    {0},
};

const struct field fields_totp_confirm[] = {
    {.name = "code", .flags = FIELD_REQUIRED, .min = 1, .max = CODE_MAX},
    {0},
};

/* ---- audit --------------------------------------------------------------------------------- */

static const char *const audit_sorts[] = {"id", "-id", NULL};
static const char *const audit_outcomes[] = {"allow", "deny", "tempfail", NULL};

const struct field fields_audit_list[] = {
    PAGE_FIELDS,
    {.name = "since", .type = FIELD_TIME},
    {.name = "until", .type = FIELD_TIME},
    {NAMED("actor")},
    {.name = "action", .min = 1, .max = 100},
    {NAMED("user")},
    {NAMED("domain")},
    {.name = "outcome", .min = 1, .max = 20, .words = audit_outcomes},
    {.name = "reference", .min = 1, .max = 40},
    {.name = "match", .min = 1, .max = 200},
    {.name = "sort", .min = 1, .max = 10, .words = audit_sorts},
    {0},
};

const struct field fields_audit_verify[] = {
    {.name = "anchor", .min = 1, .max = 100},
    {.name = "after", .min = 1, .max = 120},
    {0},
};

/* What a row may hold is checked by core/import.h, so that a bad one stands for itself. */
static const char *const existing_words[] = {"skip", "update", "fail", NULL};

const struct field fields_import[] = {
    {.name = "existing", .min = 1, .max = 10, .words = existing_words},
    {.name = "create", .type = FIELD_BOOLEAN},
    {.name = "rows", .type = FIELD_OBJECTS, .flags = FIELD_REQUIRED, .max = 1000},
    {0},
};
