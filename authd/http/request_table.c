#include "http/request_table.h"

#include "api/words.h"
#include "http/cursor.h"
#include "http/resource.h"
#include "http/router.h"

#define DOMAIN_MAX   253
#define ACTOR_MAX    320
#define NOTE_MAX     500
#define PASSWORD_MAX 1024 /* octets */
#define CODE_MAX     64   /* with blanks and hyphens, as credential/factor_code reads a code */
#define TICKET_MAX   100
#define LIFE_MAX     63072000L /* two years, in seconds */

#define CLASS_NAME "^[a-z0-9-]+$"
#define RIGHT      "^([*]|[a-z-]+):(read|write)$"
#define DAY        "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9:.]{8,18}([Zz]|[+-][0-9]{2}:[0-9]{2}))?$"
#define PHONE_CODE "^[ \\t]*([0-9][ \\t]*){6}(([0-9][ \\t]*){2})?$"
#define ANCHOR     "^0*[1-9][0-9]* [0-9a-f]{64}$"

static const char *const user_orders[] = {
    "login", "-login", "created_at", "-created_at", "last_login_at", "-last_login_at", NULL,
};

_Static_assert(REQUEST_TEXT == 0, "a member without a type is a text");

/* clang-format off */
#define DRY_RUN     {.name = "dry_run", .type = REQUEST_BOOLEAN, .description =                      \
                     "Check and answer the change as if it were made, but make no change."}
#define NAMED(NAME)  .name = (NAME), .min = 1, .max = REQUEST_ADDRESS_MAX
#define DOMAIN_NAMED(NAME) .name = (NAME), .min = 1, .max = DOMAIN_MAX
#define PASSWORD     .name = "password", .min = 1, .max = PASSWORD_MAX, .octets = PASSWORD_MAX
#define MATCH        .name = "match", .min = 1, .max = 200, .pattern = REQUEST_PRINTABLE
#define CLASS(NAME)  .name = (NAME), .min = 1, .max = 40, .pattern = CLASS_NAME
#define RIGHTS                                                                                     \
    .name = "rights", .type = REQUEST_TEXTS, .min = 1, .max = 40, .item_max = 40, .pattern = RIGHT
#define KEY_DOMAINS                                                                                \
    .name = "domains", .type = REQUEST_TEXTS, .flags = REQUEST_NULLABLE, .min = 1, .max = 256,     \
    .item_max = DOMAIN_MAX
#define LIFE_FIELDS {.name = "expires_in", .type = REQUEST_INTEGER, .min = 1, .max = LIFE_MAX,       \
                     .description = "How many seconds from now the API key ends."},                \
                    {.name = "expires_at", .type = REQUEST_TIME}
#define SECOND_FACTOR                                                                              \
    .name = "second_factor", .flags = REQUEST_NULLABLE | REQUEST_SENSITIVE,                        \
    .resources = RESOURCE_TOTP, .min = 1, .max = 8, .words = words_policies
/* The database distinguishes a time from a date. */
#define SECOND_FACTOR_FROM                                                                         \
    .name = "second_factor_from", .flags = REQUEST_NULLABLE | REQUEST_SENSITIVE,                   \
    .resources = RESOURCE_TOTP, .min = 10, .max = 40, .pattern = DAY, .description =                               \
        "Until then a second factor that the domain requires is optional: a time, or a date, "     \
        "which begins at midnight UTC."
/* The delimiter decides which addresses are those of a user. */
#define DELIMITER                                                                                  \
    .name = "recipient_delimiter", .flags = REQUEST_NULLABLE | REQUEST_SENSITIVE, .min = 1,        \
    .max = 1, .words = words_delimiters
#define CODE         .name = "code", .min = 1, .max = CODE_MAX
#define DISPLAY_NAME .name = "display_name", .flags = REQUEST_NULLABLE, .min = 1, .max = 200,     \
    .pattern = REQUEST_PRINTABLE
#define DESCRIPTION  .name = "description", .flags = REQUEST_NULLABLE, .min = 1, .max = 200,       \
    .pattern = REQUEST_PRINTABLE
/* clang-format on */

#define ADMINISTRATORS (ROLE_DOMAIN_ADMIN | ROLE_ADMIN)

const struct request_member request_change_query[] = {DRY_RUN, {0}};
const struct request_member request_page[] = {REQUEST_PAGE, {0}};

/* ---- users --------------------------------------------------------------------------------- */

/* A member that has more effect than users:write stands for belongs to another right. Role and
 * domains decide what a caller may do, so no API key sets them. The mail to the recovery address
 * sets a password, so that address belongs to the passwords. A class decides which sending scope
 * holds. The policy of second factors belongs to the second factors, also that of a domain. */

const struct request_member request_user_list[] = {
    REQUEST_PAGE,
    {.name = "sort",
     .min = 1,
     .max = 20,
     .words = user_orders,
     .description = "The order of the list; - before a word is backwards."},
    {MATCH,
     .description = "Only users with this text in their login or display name, in any case."},
    {.name = "suspended",
     .type = REQUEST_BOOLEAN,
     .description = "Only users who are suspended, or only those who are not."},
    {NAMED("address"), .description = "Only users who may send as this address."},
    {DOMAIN_NAMED("domain"), .description = "Only users of this domain."},
    {.name = "class",
     .min = 1,
     .max = 40,
     .pattern = REQUEST_PRINTABLE,
     .description = "Only users of this class."},
    {.name = "role",
     .min = 1,
     .max = 40,
     .words = words_roles,
     .description = "Only users with this role."},
    {.name = "service",
     .type = REQUEST_BOOLEAN,
     .description = "Only service users, or only users who are people."},
    {.name = "unused_days",
     .type = REQUEST_INTEGER,
     .min = 1,
     .max = 36500,
     .description = "Only users without a good login for so many days, and added before."},
    {.name = "without_password",
     .type = REQUEST_BOOLEAN,
     .description = "Only users without a main password, or only those who have one."},
    {.name = "without_factor",
     .type = REQUEST_BOOLEAN,
     .description =
         "Only users without a second factor who are no service users, or only the others."},
    {0},
};

const struct request_member request_user[] = {
    {NAMED("login"), .flags = REQUEST_REQUIRED},
    {.name = "addresses", .type = REQUEST_TEXTS, .max = 256, .item_max = REQUEST_ADDRESS_MAX},
    {DISPLAY_NAME},
    {NAMED("recovery_address"), .flags = REQUEST_NULLABLE, .resources = RESOURCE_PASSWORDS},
    {.name = "role", .flags = REQUEST_NO_KEYS, .min = 1, .max = 40, .words = words_roles},
    {.name = "domains",
     .type = REQUEST_TEXTS,
     .flags = REQUEST_NULLABLE | REQUEST_NO_KEYS,
     .roles = ROLE_ADMIN,
     .max = 256,
     .item_max = DOMAIN_MAX},
    {CLASS("class"), .flags = REQUEST_NULLABLE, .resources = RESOURCE_SCOPES},
    {.name = "service", .type = REQUEST_BOOLEAN},
    {PASSWORD, .resources = RESOURCE_PASSWORDS, .description = "The main password of the user."},
    {SECOND_FACTOR},
    {0},
};

const struct request_member request_user_changes[] = {
    {DISPLAY_NAME},
    {NAMED("recovery_address"), .flags = REQUEST_NULLABLE | REQUEST_SENSITIVE,
     .resources = RESOURCE_PASSWORDS},
    {.name = "role",
     .flags = REQUEST_NULLABLE | REQUEST_SENSITIVE | REQUEST_NO_KEYS,
     .roles = ADMINISTRATORS,
     .min = 1,
     .max = 40,
     .words = words_roles},
    {CLASS("class"), .flags = REQUEST_NULLABLE | REQUEST_SENSITIVE, .roles = ADMINISTRATORS,
     .resources = RESOURCE_SCOPES},
    {NAMED("login"), .flags = REQUEST_SENSITIVE, .roles = ADMINISTRATORS},
    {.name = "domains",
     .type = REQUEST_TEXTS,
     .flags = REQUEST_NULLABLE | REQUEST_SENSITIVE | REQUEST_NO_KEYS,
     .roles = ROLE_ADMIN,
     .max = 256,
     .item_max = DOMAIN_MAX},
    {SECOND_FACTOR, .roles = ADMINISTRATORS},
    {0},
};

const struct request_member request_suspend[] = {
    {.name = "reason",
     .flags = REQUEST_NULLABLE,
     .min = 1,
     .max = NOTE_MAX,
     .pattern = REQUEST_PRINTABLE,
     .description = "Why the user is suspended, for administrators only."},
    {0},
};

const struct request_member request_address[] = {
    {NAMED("address"), .flags = REQUEST_REQUIRED,
     .description = "The address to add, or *@DOMAIN for a whole domain."},
    {0},
};

const struct request_member request_address_query[] = {
    {NAMED("address"), .flags = REQUEST_REQUIRED, .description = "The address to remove."},
    DRY_RUN,
    {0},
};

const struct request_member request_password[] = {
    {PASSWORD, .flags = REQUEST_REQUIRED, .description = "The new main password."},
    {.name = "keep_credentials",
     .type = REQUEST_BOOLEAN,
     .description =
         "Leave app passwords as they are when somebody else than the user sets the password."},
    {0},
};

const struct request_member request_password_strength[] = {
    {PASSWORD, .flags = REQUEST_REQUIRED,
     .description = "The password to check, which is not stored."},
    {0},
};

const struct request_member request_reset_link[] = {
    {.name = "keep_credentials", .type = REQUEST_BOOLEAN},
    {0},
};

const struct request_member request_reset[] = {
    {.name = "token",
     .flags = REQUEST_REQUIRED,
     .min = 1,
     .max = 200,
     .description = "The part of the reset link behind #."},
    {PASSWORD, .flags = REQUEST_REQUIRED, .description = "The new main password."},
    {0},
};

/* ---- domains, classes, keys ---------------------------------------------------------------- */

const struct request_member request_domain_list[] = {
    REQUEST_PAGE,
    {MATCH, .description = "Only domains with this text in their name."},
    {0},
};

const struct request_member request_domain[] = {
    {DOMAIN_NAMED("name"), .argument = "new_domain", .flags = REQUEST_REQUIRED},
    {DELIMITER},
    {DESCRIPTION},
    {SECOND_FACTOR},
    {SECOND_FACTOR_FROM},
    {0},
};

const struct request_member request_domain_changes[] = {
    {DELIMITER}, {DESCRIPTION}, {SECOND_FACTOR}, {SECOND_FACTOR_FROM}, {0},
};

const struct request_member request_class[] = {
    {CLASS("name"), .flags = REQUEST_REQUIRED},
    {DESCRIPTION},
    {0},
};

const struct request_member request_class_changes[] = {
    {CLASS("name")},
    {DESCRIPTION},
    {0},
};

const struct request_member request_api_key[] = {
    {REQUEST_LABEL, .flags = REQUEST_REQUIRED}, {RIGHTS}, {KEY_DOMAINS}, LIFE_FIELDS, {0},
};

const struct request_member request_api_key_changes[] = {
    {REQUEST_LABEL}, {RIGHTS}, {KEY_DOMAINS}, LIFE_FIELDS, {0},
};

const struct request_member request_key_rotate[] = {
    {.name = "prepare",
     .type = REQUEST_BOOLEAN,
     .description = "Only put the new key into the key file of the node that is asked, to be "
                    "copied to the other nodes."},
    {0},
};

/* ---- signing in ---------------------------------------------------------------------------- */

const struct request_member request_sign_in[] = {
    {NAMED("login"), .flags = REQUEST_REQUIRED, .description = "The login of the user."},
    {PASSWORD, .flags = REQUEST_REQUIRED, .description = "The main password."},
    {CODE, .description = "The code that the authenticator app displays, or a recovery code."},
    {0},
};

const struct request_member request_fresh[] = {
    {PASSWORD, .flags = REQUEST_REQUIRED,
     .description = "The main password of the user who is signed in."},
    {CODE, .description = "The code that the authenticator app displays, or a recovery code."},
    {0},
};

/* ---- second factors ------------------------------------------------------------------------ */

const struct request_member request_totp[] = {
    {.name = "algorithm", .min = 1, .max = 10, .words = words_algorithms},
    {.name = "digits", .type = REQUEST_INTEGER, .min = 6, .max = 8, .step = 2},
    {.name = "ticket",
     .min = 1,
     .max = TICKET_MAX,
     .description = "The enrolment ticket that an administrator gave the user."},
    {0},
};

const struct request_member request_totp_confirm[] = {
    {.name = "code",
     .flags = REQUEST_REQUIRED,
     .min = 1,
     .max = CODE_MAX,
     .pattern = PHONE_CODE,
     .description = "The code that the authenticator app displays, with or without blanks."},
    {0},
};

/* ---- audit --------------------------------------------------------------------------------- */

static const char *const audit_sorts[] = {"id", "-id", NULL};

const struct request_member request_audit_list[] = {
    REQUEST_PAGE,
    {.name = "since", .type = REQUEST_TIME, .description = "Only rows from this time on."},
    {.name = "until", .type = REQUEST_TIME, .description = "Only rows before this time."},
    {.name = "actor",
     .min = 1,
     .max = ACTOR_MAX,
     .pattern = REQUEST_PRINTABLE,
     .description = "Only what this actor did: a login, an id or a name."},
    {.name = "action",
     .min = 1,
     .max = 100,
     .pattern = REQUEST_PRINTABLE,
     .description = "Only this action, such as login or user_add."},
    {NAMED("user"), .description = "Only what concerns this user, by login or id."},
    {DOMAIN_NAMED("domain"), .description = "Only what concerns this domain."},
    {.name = "outcome",
     .min = 1,
     .max = 20,
     .words = words_outcomes,
     .description = "Only logins that ended like this."},
    {.name = "reference",
     .min = 1,
     .max = 40,
     .pattern = REQUEST_PRINTABLE,
     .description = "Only the request with this reference, which a refusal and the log name."},
    {MATCH, .description = "Only rows with this text in a name or address."},
    {.name = "sort",
     .min = 1,
     .max = 10,
     .words = audit_sorts,
     .description = "The order of the list; -id is newest first."},
    {0},
};

const struct request_member request_audit_verify[] = {
    {.name = "anchor",
     .min = 1,
     .max = 83,
     .pattern = ANCHOR,
     .description =
         "An anchor, as a check before answered it: does the chain still have its seal?"},
    {.name = "after",
     .min = 1,
     .max = 88,
     .description = "Where the check goes on: `next` of the answer before."},
    {0},
};
