/* Every object that the API answers. */
#include <stddef.h>

#include "http/object.h"

static const char *const roles[] = {"user", "helpdesk", "domain-admin", "auditor", "admin", NULL};
static const char *const policies[] = {"off", "optional", "required", NULL};
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
    {.name = "suspended_by", .flags = MEMBER_NULLABLE},
    {.name = "second_factor", .flags = MEMBER_NULLABLE, .words = policies},
    {.name = "enrolled", .type = MEMBER_BOOLEAN},
    {.name = "has_password", .type = MEMBER_BOOLEAN},
    {.name = "password_generation", .type = MEMBER_INTEGER},
    {.name = "password_set_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "created_at", .type = MEMBER_TIME},
    {.name = "last_login_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "domain_created", .type = MEMBER_BOOLEAN, .flags = MEMBER_SOMETIMES},
    {.name = "ended", .type = MEMBER_OBJECT, .flags = MEMBER_SOMETIMES, .object = "ended"},
    CHANGE_MEMBERS,
    {0},
};

/* How many credentials of each kind a change has ended. */
static const struct member ended[] = {
    {.name = "app_passwords", .type = MEMBER_INTEGER, .flags = MEMBER_SOMETIMES},
    {.name = "sessions", .type = MEMBER_INTEGER, .flags = MEMBER_SOMETIMES},
    {.name = "api_keys", .type = MEMBER_INTEGER, .flags = MEMBER_SOMETIMES},
    {.name = "reset_links", .type = MEMBER_INTEGER, .flags = MEMBER_SOMETIMES},
    {.name = "recovery_codes", .type = MEMBER_INTEGER, .flags = MEMBER_SOMETIMES},
    {.name = "tickets", .type = MEMBER_INTEGER, .flags = MEMBER_SOMETIMES},
    {0},
};

static const struct member export[] = {
    {.name = "kind"},
    {.name = "made_at", .type = MEMBER_TIME},
    {.name = "user", .type = MEMBER_OBJECT},
    {.name = "sessions", .type = MEMBER_OBJECTS},
    {.name = "reset_links", .type = MEMBER_OBJECTS},
    {.name = "api_keys", .type = MEMBER_OBJECTS},
    {.name = "app_passwords", .type = MEMBER_OBJECTS, .flags = MEMBER_SOMETIMES},
    {.name = "totp", .type = MEMBER_OBJECT, .object = "totp"},
    {.name = "totp_tickets", .type = MEMBER_OBJECTS},
    {.name = "activity", .type = MEMBER_OBJECTS, .flags = MEMBER_SOMETIMES},
    {.name = "scope", .type = MEMBER_OBJECT, .flags = MEMBER_NULLABLE | MEMBER_SOMETIMES},
    {0},
};

static const char *const factors[] = {"totp", "recovery", NULL};

static const struct member session[] = {
    {.name = "kind"},
    {.name = "id"},
    {.name = "etag"},
    {.name = "user"},
    {.name = "user_id"},
    {.name = "domain"},
    {.name = "created_at", .type = MEMBER_TIME},
    {.name = "last_seen_at", .type = MEMBER_TIME},
    {.name = "expires_at", .type = MEMBER_TIME},
    {.name = "fresh_until", .type = MEMBER_TIME},
    {.name = "factor", .flags = MEMBER_NULLABLE, .words = factors},
    {.name = "must_enrol", .type = MEMBER_BOOLEAN},
    {.name = "client", .flags = MEMBER_NULLABLE},
    {.name = "agent", .flags = MEMBER_NULLABLE},
    {.name = "current", .type = MEMBER_BOOLEAN, .flags = MEMBER_SOMETIMES},
    CHANGE_MEMBERS,
    {0},
};

static const char *const caller_kinds[] = {"host", "session", "api-key", NULL};
static const char *const caller_roles[] = {"user", "helpdesk", "domain-admin", "auditor", "admin",
                                           "host", NULL};

static const struct member caller[] = {
    {.name = "kind", .words = caller_kinds},
    {.name = "name"},
    {.name = "user", .flags = MEMBER_NULLABLE},
    {.name = "user_id", .flags = MEMBER_NULLABLE},
    {.name = "role", .words = caller_roles},
    {.name = "domains", .type = MEMBER_TEXTS, .flags = MEMBER_NULLABLE}, /* null: the whole site */
    {.name = "rights", .type = MEMBER_TEXTS, .flags = MEMBER_NULLABLE},  /* null: all of the role */
    {.name = "session", .flags = MEMBER_NULLABLE},
    {.name = "fresh", .type = MEMBER_BOOLEAN},
    {.name = "fresh_until", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "factor", .flags = MEMBER_NULLABLE, .words = factors},
    {.name = "must_enrol", .type = MEMBER_BOOLEAN},
    {0},
};

static const struct member signed_out[] = {
    {.name = "changed", .type = MEMBER_BOOLEAN},
    {0},
};

static const struct member submission[] = {
    {.name = "host"},
    {.name = "port", .type = MEMBER_INTEGER},
    {0},
};

static const struct member password_rules[] = {
    {.name = "min_length", .type = MEMBER_INTEGER},             /* characters */
    {.name = "min_length_with_factor", .type = MEMBER_INTEGER}, /* of who is enrolled */
    {.name = "min_score", .type = MEMBER_INTEGER},              /* 0 to 4, as zxcvbn counts */
    {0},
};

static const struct member factor_rules[] = {
    {.name = "policy", .words = policies},            /* the site's */
    {.name = "inline_codes", .type = MEMBER_BOOLEAN}, /* a code may follow the password in mail */
    {0},
};

static const struct member site[] = {
    {.name = "public_url", .flags = MEMBER_NULLABLE},
    {.name = "default_domain", .flags = MEMBER_NULLABLE},
    {.name = "submission", .type = MEMBER_OBJECT, .flags = MEMBER_NULLABLE, .object = "submission"},
    {.name = "password", .type = MEMBER_OBJECT, .object = "password-rules"},
    {.name = "second_factor", .type = MEMBER_OBJECT, .object = "factor-rules"},
    {.name = "version"},
    {0},
};

static const struct member domain[] = {
    {.name = "kind"},
    {.name = "id"},
    {.name = "etag"},
    {.name = "name"},
    {.name = "domain"},
    {.name = "description", .flags = MEMBER_NULLABLE},
    {.name = "recipient_delimiter", .flags = MEMBER_NULLABLE},
    {.name = "second_factor", .flags = MEMBER_NULLABLE, .words = policies},
    {.name = "second_factor_grace_date", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "created_at", .type = MEMBER_TIME},
    {.name = "users", .type = MEMBER_INTEGER, .flags = MEMBER_SOMETIMES},
    {.name = "ended", .type = MEMBER_OBJECT, .flags = MEMBER_SOMETIMES, .object = "ended"},
    {.name = "skipped", .type = MEMBER_TEXTS, .flags = MEMBER_SOMETIMES},
    CHANGE_MEMBERS,
    {0},
};

static const struct member class[] = {
    {.name = "kind"},
    {.name = "id"},
    {.name = "etag"},
    {.name = "name"},
    {.name = "description", .flags = MEMBER_NULLABLE},
    {.name = "created_at", .type = MEMBER_TIME},
    CHANGE_MEMBERS,
    {0},
};

static const struct member api_key[] = {
    {.name = "kind"},
    {.name = "id"},
    {.name = "etag"},
    {.name = "label"},
    {.name = "user", .flags = MEMBER_NULLABLE},
    {.name = "user_id", .flags = MEMBER_NULLABLE},
    {.name = "domain", .flags = MEMBER_NULLABLE},
    {.name = "rights", .type = MEMBER_TEXTS},
    {.name = "domains", .type = MEMBER_TEXTS, .flags = MEMBER_NULLABLE},
    {.name = "created_at", .type = MEMBER_TIME},
    {.name = "expires_at", .type = MEMBER_TIME},
    {.name = "expired", .type = MEMBER_BOOLEAN, .flags = MEMBER_SOMETIMES},
    {.name = "last_used_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "last_used_address", .flags = MEMBER_NULLABLE},
    {.name = "secret", .flags = MEMBER_SOMETIMES},
    CHANGE_MEMBERS,
    {0},
};

static const char *const purposes[] = {"pepper", "sealing", "audit", NULL};

static const struct member key[] = {
    {.name = "kind"},
    {.name = "id", .flags = MEMBER_NULLABLE}, /* null: a dry run makes none */
    {.name = "etag"},
    {.name = "purpose", .words = purposes},
    {.name = "created_at", .type = MEMBER_TIME},
    {.name = "current", .type = MEMBER_BOOLEAN},
    {.name = "count", .type = MEMBER_INTEGER, .flags = MEMBER_NULLABLE},
    {.name = "more", .type = MEMBER_BOOLEAN},
    CHANGE_MEMBERS,
    {0},
};

static const struct member app_password[] = {
    {.name = "kind"},
    {.name = "id"},
    {.name = "etag"},
    {.name = "user"},
    {.name = "user_id"},
    {.name = "domain"},
    {.name = "label"},
    {.name = "created_at", .type = MEMBER_TIME},
    {.name = "created_by"},
    {.name = "expires_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "sliding", .type = MEMBER_BOOLEAN},
    {.name = "expires_in", .type = MEMBER_INTEGER, .flags = MEMBER_NULLABLE},
    {.name = "expired", .type = MEMBER_BOOLEAN},
    {.name = "scope", .type = MEMBER_OBJECT, .flags = MEMBER_NULLABLE},
    {.name = "foreign", .type = MEMBER_BOOLEAN},
    {.name = "rotations", .type = MEMBER_INTEGER},
    {.name = "rotated_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "old_until", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "last_used_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "last_used_address", .flags = MEMBER_NULLABLE},
    {.name = "secret", .flags = MEMBER_SOMETIMES},
    CHANGE_MEMBERS,
    {0},
};

/* What every object about a user's second factor begins with. */
#define FACTOR_MEMBERS                                                                             \
    {.name = "kind"}, {.name = "id"}, {.name = "etag"}, {.name = "user"}, {.name = "user_id"},     \
    {                                                                                              \
        .name = "domain"                                                                           \
    }

static const struct member totp[] = {
    FACTOR_MEMBERS,
    {.name = "enrolled", .type = MEMBER_BOOLEAN},
    {.name = "algorithm", .flags = MEMBER_NULLABLE},
    {.name = "digits", .type = MEMBER_INTEGER, .flags = MEMBER_NULLABLE},
    {.name = "period", .type = MEMBER_INTEGER, .flags = MEMBER_NULLABLE}, /* seconds */
    {.name = "confirmed_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "recovery_codes", .type = MEMBER_INTEGER}, /* how many are left */
    {.name = "pending_until", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "last_used_at", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "locked_until", .type = MEMBER_TIME, .flags = MEMBER_NULLABLE},
    {.name = "recovery_codes_made", .type = MEMBER_BOOLEAN, .flags = MEMBER_SOMETIMES},
    {.name = "codes", .type = MEMBER_TEXTS, .flags = MEMBER_SOMETIMES}, /* once */
    {.name = "ended", .type = MEMBER_OBJECT, .flags = MEMBER_SOMETIMES, .object = "ended"},
    CHANGE_MEMBERS,
    {0},
};

static const struct member totp_enrolment[] = {
    FACTOR_MEMBERS,
    {.name = "algorithm"},
    {.name = "digits", .type = MEMBER_INTEGER},
    {.name = "period", .type = MEMBER_INTEGER},
    {.name = "expires_at", .type = MEMBER_TIME},
    {.name = "replaces", .type = MEMBER_BOOLEAN},
    {.name = "secret", .flags = MEMBER_SOMETIMES}, /* this and the next two: once */
    {.name = "uri", .flags = MEMBER_SOMETIMES},
    {.name = "qr", .type = MEMBER_TEXTS, .flags = MEMBER_SOMETIMES},
    CHANGE_MEMBERS,
    {0},
};

static const struct member totp_ticket[] = {
    FACTOR_MEMBERS,
    {.name = "expires_at", .type = MEMBER_TIME},
    {.name = "secret", .flags = MEMBER_SOMETIMES},
    CHANGE_MEMBERS,
    {0},
};

static const struct member recovery_codes[] = {
    FACTOR_MEMBERS,
    {.name = "count", .type = MEMBER_INTEGER},
    {.name = "created_at", .type = MEMBER_TIME},
    {.name = "codes", .type = MEMBER_TEXTS, .flags = MEMBER_SOMETIMES},
    CHANGE_MEMBERS,
    {0},
};

static const char *const levels[] = {"site", "domain", "class", "user", NULL};

static const struct member scope[] = {
    {.name = "kind"},
    {.name = "id"},
    {.name = "etag"},
    {.name = "level", .words = levels},
    {.name = "user", .flags = MEMBER_SOMETIMES},
    {.name = "user_id", .flags = MEMBER_SOMETIMES},
    {.name = "domain", .flags = MEMBER_SOMETIMES},
    {.name = "class", .flags = MEMBER_SOMETIMES},
    {.name = "document", .type = MEMBER_OBJECT, .flags = MEMBER_NULLABLE},
    {.name = "hash", .flags = MEMBER_NULLABLE},
    CHANGE_MEMBERS,
    {0},
};

static const char *const outcomes[] = {"added", "updated", "unchanged", "skipped", "refused", NULL};

static const struct member import_row[] = {
    {.name = "line", .type = MEMBER_INTEGER, .flags = MEMBER_NULLABLE},
    {.name = "login", .flags = MEMBER_NULLABLE},
    {.name = "outcome", .words = outcomes},
    {.name = "detail", .flags = MEMBER_NULLABLE},
    {.name = "hint", .flags = MEMBER_NULLABLE},
    {0},
};

static const struct member import[] = {
    {.name = "results", .type = MEMBER_OBJECTS, .object = "import-row"},
    {.name = "counts", .type = MEMBER_OBJECT},
    CHANGE_MEMBERS,
    {0},
};

static const char *const flaw_words[] = {"too-short",     "too-long",    "own-name", "known-words",
                                         "easy-to-guess", "not-allowed", NULL};

static const struct member password_strength[] = {
    {.name = "acceptable", .type = MEMBER_BOOLEAN},
    {.name = "score", .type = MEMBER_INTEGER},
    {.name = "flaws", .type = MEMBER_TEXTS, .words = flaw_words},
    {0},
};

static const struct member reset_link[] = {
    {.name = "kind"},
    {.name = "id"},
    {.name = "etag"},
    {.name = "user"},
    {.name = "user_id"},
    {.name = "domain"},
    {.name = "mailed_to"},
    {.name = "keep_credentials", .type = MEMBER_BOOLEAN},
    {.name = "expires_at", .type = MEMBER_TIME},
    CHANGE_MEMBERS,
    {0},
};

static const struct member reset[] = {
    {.name = "kind"},  {.name = "id"},
    {.name = "login"}, {.name = "ended", .type = MEMBER_OBJECT, .object = "ended"},
    CHANGE_MEMBERS,    {0},
};

static const char *const classes[] = {"change", "login", NULL};

static const struct member audit_actor[] = {
    {.name = "kind"},
    {.name = "name", .flags = MEMBER_NULLABLE},
    {.name = "login", .flags = MEMBER_NULLABLE},
    {.name = "user_id", .flags = MEMBER_NULLABLE},
    {.name = "role", .flags = MEMBER_NULLABLE},
    {.name = "credential", .flags = MEMBER_NULLABLE},
    {.name = "client", .flags = MEMBER_NULLABLE | MEMBER_SOMETIMES},
    {0},
};

static const struct member audit_object[] = {
    {.name = "kind", .flags = MEMBER_NULLABLE},
    {.name = "id", .flags = MEMBER_NULLABLE},
    {0},
};

static const struct member audit_event[] = {
    {.name = "kind"},
    {.name = "id"},
    {.name = "time", .type = MEMBER_TIME},
    {.name = "class", .words = classes},
    {.name = "action"},
    {.name = "actor", .type = MEMBER_OBJECT, .object = "audit-actor"},
    {.name = "object", .type = MEMBER_OBJECT, .object = "audit-object"},
    {.name = "user", .flags = MEMBER_NULLABLE},
    {.name = "user_id", .flags = MEMBER_NULLABLE},
    {.name = "domain", .flags = MEMBER_NULLABLE},
    {.name = "outcome", .flags = MEMBER_NULLABLE},
    {.name = "reason", .flags = MEMBER_NULLABLE},
    {.name = "count", .type = MEMBER_INTEGER},
    {.name = "client", .flags = MEMBER_NULLABLE},
    {.name = "peer", .flags = MEMBER_NULLABLE},
    {.name = "via", .flags = MEMBER_NULLABLE},
    {.name = "service", .flags = MEMBER_NULLABLE},
    {.name = "mechanism", .flags = MEMBER_NULLABLE},
    {.name = "front", .flags = MEMBER_NULLABLE},
    {.name = "tls", .type = MEMBER_BOOLEAN, .flags = MEMBER_NULLABLE},
    {.name = "reference", .flags = MEMBER_NULLABLE},
    {.name = "before", .type = MEMBER_OBJECT, .flags = MEMBER_NULLABLE},
    {.name = "after", .type = MEMBER_OBJECT, .flags = MEMBER_NULLABLE},
    {.name = "details", .type = MEMBER_OBJECT, .flags = MEMBER_NULLABLE},
    {.name = "erased", .type = MEMBER_BOOLEAN},
    {0},
};

static const struct member audit_flaw[] = {
    {.name = "kind"},
    {.name = "row", .type = MEMBER_INTEGER, .flags = MEMBER_NULLABLE},
    {.name = "seal", .type = MEMBER_INTEGER, .flags = MEMBER_NULLABLE},
    {.name = "detail"},
    {0},
};

static const struct member audit_report[] = {
    {.name = "kind"},
    {.name = "complete", .type = MEMBER_BOOLEAN},
    {.name = "next", .flags = MEMBER_NULLABLE},
    {.name = "verified", .type = MEMBER_BOOLEAN},
    {.name = "seals", .type = MEMBER_INTEGER},
    {.name = "rows", .type = MEMBER_INTEGER},
    {.name = "erased", .type = MEMBER_INTEGER},
    {.name = "expired", .type = MEMBER_INTEGER},
    {.name = "unsealed", .type = MEMBER_INTEGER},
    {.name = "flaws", .type = MEMBER_OBJECTS, .object = "audit-flaw"},
    {.name = "more_flaws", .type = MEMBER_INTEGER},
    {.name = "anchor", .flags = MEMBER_NULLABLE},
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
    {"scope", scope},
    {"address", NULL},
    {"ended", ended},
    {"export", export},
    {"session", session},
    {"caller", caller},
    {"signed-out", signed_out},
    {"site", site},
    {"submission", submission},
    {"password-rules", password_rules},
    {"factor-rules", factor_rules},
    {"domain", domain},
    {"class", class},
    {"api-key", api_key},
    {"key", key},
    {"app-password", app_password},
    {"totp", totp},
    {"totp-enrolment", totp_enrolment},
    {"totp-ticket", totp_ticket},
    {"recovery-codes", recovery_codes},
    {"password-strength", password_strength},
    {"reset-link", reset_link},
    {"reset", reset},
    {"audit-event", audit_event},
    {"audit-actor", audit_actor},
    {"audit-object", audit_object},
    {"audit-report", audit_report},
    {"audit-flaw", audit_flaw},
    {"status", status},
    {"import", import},
    {"import-row", import_row},
    {"problem", problem},
    {"field-error", field_error},
    {0},
};
