/* Every route there is. */
#include "http/api.h"
#include "http/fields.h"
#include "http/router.h"

/* Who: own account, helpdesk, domain administrator, auditor, administrator and host. */
#define S ROLE_SELF
#define H ROLE_HELPDESK
#define D ROLE_DOMAIN_ADMIN
#define A ROLE_AUDITOR
#define X ROLE_ADMIN

#define FRESH    ROUTE_FRESH
#define CONFLICT ROUTE_CONFLICT
#define IF_MATCH ROUTE_CONDITIONAL

#define OPEN(METHOD, PATTERN, NAME) .method = HTTP_##METHOD, .pattern = (PATTERN), .name = (NAME)

#define RUN(METHOD, PATTERN, NAME, STATEMENT)                                                      \
    OPEN(METHOD, PATTERN, NAME), .statement = STATEMENT_##STATEMENT

#define MANAGE(METHOD, PATTERN, NAME, STATEMENT)                                                   \
    RUN(METHOD, PATTERN, NAME, STATEMENT), .run = api_account

#define USER    "/v1/users/{user}"
#define DOMAIN  "/v1/domains/{domain}"
#define CLASS   "/v1/classes/{class}"
#define API_KEY "/v1/api-keys/{id}"

#define TOTP USER "/totp"

#define APP_PASSWORDS USER "/app-passwords"
#define APP_PASSWORD  APP_PASSWORDS "/{id}"

const struct http_route http_routes[] = {
    {OPEN(GET, "/healthz", "health"), .summary = "Whether this process answers", .run = api_health,
     .flags = ROUTE_ALONE, .answer = "status"},
    {OPEN(GET, "/readyz", "ready"), .summary = "Whether it can decide", .run = api_ready,
     .answer = "status"},
    {OPEN(GET, "/openapi.json", "document"), .summary = "This document", .run = api_document,
     .flags = ROUTE_ALONE},

    {OPEN(GET, "/v1/site", "site"), .summary = "What users and programs need to know of the site",
     .roles = S | H | D | A | X, .flags = ROUTE_ALONE, .resource = "site", .run = api_site,
     .answer = "site"},

    /* Signing in. */
    {OPEN(POST, "/v1/session", "sign_in"), .summary = "Sign in",
     .flags = ROUTE_COOKIE | ROUTE_PROOF, .run = api_sign_in, .body = fields_sign_in,
     .answer = "session", .created = 201},
    {OPEN(GET, "/v1/session", "session_show"), .summary = "Who is signed in",
     .roles = S | H | D | A | X, .flags = ROUTE_ENROL, .resource = "site", .run = api_session,
     .answer = "caller"},
    {OPEN(DELETE, "/v1/session", "sign_out"), .summary = "Sign out", .roles = S | H | D | A | X,
     .flags = ROUTE_SESSION | ROUTE_ENROL, .run = api_sign_out, .answer = "signed-out"},
    {OPEN(POST, "/v1/session/fresh", "session_fresh"),
     .summary = "Give password and code again, for what needs a fresh sign-in",
     .roles = S | H | D | A | X, .flags = ROUTE_SESSION | ROUTE_ENROL, .run = api_fresh,
     .body = fields_fresh, .answer = "session", .created = 201},

    /* Users. */
    {MANAGE(GET, "/v1/users", "user_list", USER_LIST), .summary = "List users",
     .roles = H | D | A | X, .flags = ROUTE_LIST, .resource = "users", .query = fields_user_list,
     .answer = "user"},
    {MANAGE(POST, "/v1/users", "user_add", USER_ADD), .summary = "Add a user", .roles = D | X,
     .flags = CONFLICT | ROUTE_ABSENT, .resource = "users", .query = fields_change_query,
     .body = fields_user, .answer = "user", .created = 201},
    {MANAGE(GET, USER, "user_show", USER_SHOW), .summary = "Show a user",
     .roles = S | H | D | A | X, .flags = CONFLICT, .resource = "users", .answer = "user"},
    {MANAGE(PATCH, USER, "user_set", USER_SET), .summary = "Change a user", .roles = S | D | X,
     .flags = CONFLICT | IF_MATCH, .resource = "users", .query = fields_change_query,
     .body = fields_user_changes, .body_argument = "changes", .answer = "user"},
    {MANAGE(DELETE, USER, "user_delete", USER_DELETE), .summary = "Erase a user", .roles = D | X,
     .flags = FRESH | CONFLICT | IF_MATCH, .resource = "users", .query = fields_change_query,
     .answer = "user"},
    {MANAGE(POST, USER "/suspend", "user_suspend", USER_SUSPEND), .summary = "Suspend a user",
     .roles = H | D | X, .flags = CONFLICT, .resource = "users", .query = fields_change_query,
     .body = fields_suspend, .answer = "user"},
    {MANAGE(POST, USER "/resume", "user_resume", USER_RESUME), .summary = "Resume a user",
     .roles = H | D | X, .flags = CONFLICT, .resource = "users", .query = fields_change_query,
     .answer = "user"},
    {MANAGE(POST, USER "/revoke-all", "user_revoke_all", USER_REVOKE_ALL),
     .summary = "End every credential and session of a user", .roles = D | X,
     .flags = FRESH | CONFLICT, .resource = "users", .query = fields_change_query,
     .answer = "user"},
    {MANAGE(GET, USER "/export", "user_export", USER_EXPORT),
     .summary = "All that is stored about a person", .roles = S | D | X, .flags = CONFLICT,
     .resource = "users", .answer = "export"},

    {MANAGE(GET, USER "/addresses", "address_list", ADDRESS_LIST),
     .summary = "List the addresses that a user may send as", .roles = S | H | D | A | X,
     .flags = CONFLICT | ROUTE_LIST, .resource = "users", .answer = "address"},
    {MANAGE(POST, USER "/addresses", "address_add", ADDRESS_ADD), .summary = "Add an address",
     .roles = D | X, .flags = CONFLICT, .resource = "users", .query = fields_change_query,
     .body = fields_address, .answer = "user"},
    {MANAGE(DELETE, USER "/addresses", "address_remove", ADDRESS_REMOVE),
     .summary = "Remove an address", .roles = D | X, .flags = CONFLICT | IF_MATCH,
     .resource = "users", .query = fields_address_query, .answer = "user"},

    {OPEN(POST, "/v1/reset", "reset_use"), .statement = STATEMENT_RESET_USE,
     .summary = "Set a password by a reset link", .flags = ROUTE_PROOF, .run = api_reset,
     .body = fields_reset, .answer = "reset"},
    {OPEN(POST, USER "/reset-link", "reset_link_add"), .statement = STATEMENT_RESET_LINK_ADD,
     .summary = "Mail a link that sets a new password to the recovery address", .roles = H | D | X,
     .flags = CONFLICT, .resource = "users", .run = api_reset_link, .query = fields_change_query,
     .body = fields_reset_link, .answer = "reset-link", .created = 201},
    {OPEN(POST, USER "/password-strength", "password_strength"), .statement = STATEMENT_USER_SHOW,
     .summary = "How good a password would be", .roles = S | D | X, .flags = CONFLICT,
     .resource = "passwords", .run = api_password_strength, .body = fields_password_strength,
     .answer = "password-strength"},
    {MANAGE(PUT, USER "/password", "password_set", PASSWORD_SET),
     .summary = "Set the main password", .roles = S | D | X, .flags = FRESH | CONFLICT | IF_MATCH,
     .resource = "passwords", .query = fields_change_query, .body = fields_password,
     .answer = "user"},
    {MANAGE(DELETE, USER "/password", "password_clear", PASSWORD_CLEAR),
     .summary = "Clear the main password", .roles = D | X, .flags = FRESH | CONFLICT | IF_MATCH,
     .resource = "passwords", .query = fields_change_query, .answer = "user"},

    {MANAGE(GET, TOTP, "totp_show", TOTP_SHOW), .summary = "Show a user's second factor",
     .roles = S | H | D | A | X, .flags = CONFLICT | ROUTE_ENROL, .resource = "totp",
     .answer = "totp"},
    {RUN(POST, TOTP, "totp_enroll", TOTP_ENROLL),
     .summary = "Begin to enrol a second factor; its secret is shown once", .roles = S | D | X,
     .flags = FRESH | CONFLICT | ROUTE_NO_KEYS | ROUTE_ENROL | ROUTE_FACTOR, .resource = "totp",
     .run = api_totp_enroll, .query = fields_change_query, .body = fields_totp,
     .answer = "totp-enrolment", .created = 201},
    {RUN(POST, TOTP "/confirm", "totp_confirm", TOTP_CONFIRM),
     .summary = "Confirm an enrolment by a code: from then on it counts", .roles = S | D | X,
     .flags = CONFLICT | ROUTE_NO_KEYS | ROUTE_ENROL, .resource = "totp", .run = api_totp_confirm,
     .query = fields_change_query, .body = fields_totp_confirm, .answer = "totp"},
    {MANAGE(DELETE, TOTP, "totp_remove", TOTP_REMOVE), .summary = "Remove a second factor",
     .roles = S | D | X, .flags = FRESH | CONFLICT | IF_MATCH | ROUTE_NO_KEYS | ROUTE_FACTOR,
     .resource = "totp", .query = fields_change_query, .answer = "totp"},
    {RUN(POST, TOTP "/ticket", "totp_ticket_add", TOTP_TICKET_ADD),
     .summary = "Permit a user to enrol, once; the ticket is shown once", .roles = D | X,
     .flags = FRESH | CONFLICT, .resource = "totp", .run = api_totp_ticket,
     .query = fields_change_query, .answer = "totp-ticket", .created = 201},
    {RUN(POST, USER "/recovery-codes", "recovery_codes_set", RECOVERY_CODES_SET),
     .summary = "Make ten new recovery codes; they are shown once", .roles = S | D | X,
     .flags = FRESH | CONFLICT | ROUTE_NO_KEYS | ROUTE_FACTOR, .resource = "totp",
     .run = api_recovery_codes, .query = fields_change_query, .answer = "recovery-codes",
     .created = 201},

    {MANAGE(GET, USER "/sessions", "session_list", SESSION_LIST),
     .summary = "List where a user is signed in", .roles = S | H | D | A | X,
     .flags = CONFLICT | ROUTE_LIST, .resource = "sessions", .answer = "session"},
    {MANAGE(DELETE, USER "/sessions/{id}", "session_revoke", SESSION_REVOKE),
     .summary = "End a session", .roles = S | D | X, .flags = CONFLICT | IF_MATCH,
     .resource = "sessions", .query = fields_change_query, .answer = "session"},
    {MANAGE(GET, USER "/activity", "activity_list", ACTIVITY_LIST),
     .summary = "List the logins of a user, and the changes that concern it",
     .roles = S | H | D | A | X, .flags = CONFLICT | ROUTE_LIST, .resource = "audit",
     .query = fields_page, .answer = "audit-event"},

    {MANAGE(GET, APP_PASSWORDS, "app_password_list", APP_PASSWORD_LIST),
     .summary = "List a user's app passwords", .roles = S | H | D | A | X,
     .flags = CONFLICT | ROUTE_LIST, .resource = "app-passwords", .query = fields_app_password_list,
     .answer = "app-password"},
    {RUN(POST, APP_PASSWORDS, "app_password_add", APP_PASSWORD_ADD),
     .summary = "Make an app password", .roles = S | D | X, .flags = FRESH | CONFLICT,
     .resource = "app-passwords", .run = api_app_password_add, .query = fields_change_query,
     .body = fields_app_password, .answer = "app-password", .created = 201},
    {MANAGE(GET, APP_PASSWORD, "app_password_show", APP_PASSWORD_SHOW),
     .summary = "Show an app password", .roles = S | H | D | A | X, .flags = CONFLICT,
     .resource = "app-passwords", .answer = "app-password"},
    {RUN(PATCH, APP_PASSWORD, "app_password_set", APP_PASSWORD_SET),
     .summary = "Change an app password", .roles = S | D | X, .flags = CONFLICT | IF_MATCH,
     .resource = "app-passwords", .run = api_app_password_set, .query = fields_change_query,
     .body = fields_app_password_changes, .body_argument = "changes", .answer = "app-password"},
    {MANAGE(DELETE, APP_PASSWORD, "app_password_revoke", APP_PASSWORD_REVOKE),
     .summary = "Revoke an app password", .roles = S | D | X, .flags = CONFLICT | IF_MATCH,
     .resource = "app-passwords", .query = fields_change_query, .answer = "app-password"},
    {RUN(POST, APP_PASSWORD "/rotate", "app_password_rotate", APP_PASSWORD_ROTATE),
     .summary = "Give an app password a new secret", .roles = S | D | X, .flags = FRESH | CONFLICT,
     .resource = "app-passwords", .run = api_app_password_rotate, .query = fields_change_query,
     .body = fields_rotate, .answer = "app-password"},

    /* Domains and classes. */
    {MANAGE(GET, "/v1/domains", "domain_list", DOMAIN_LIST), .summary = "List domains",
     .roles = H | D | A | X, .flags = ROUTE_LIST, .resource = "domains",
     .query = fields_domain_list, .answer = "domain"},
    {MANAGE(POST, "/v1/domains", "domain_add", DOMAIN_ADD), .summary = "Add a domain", .roles = X,
     .flags = CONFLICT, .resource = "domains", .query = fields_change_query, .body = fields_domain,
     .answer = "domain", .created = 201},
    {MANAGE(GET, DOMAIN, "domain_show", DOMAIN_SHOW), .summary = "Show a domain",
     .roles = H | D | A | X, .resource = "domains", .answer = "domain"},
    {MANAGE(PATCH, DOMAIN, "domain_set", DOMAIN_SET), .summary = "Change a domain", .roles = D | X,
     .flags = IF_MATCH, .resource = "domains", .query = fields_change_query,
     .body = fields_domain_changes, .body_argument = "changes", .answer = "domain"},
    {MANAGE(DELETE, DOMAIN, "domain_delete", DOMAIN_DELETE), .summary = "Delete an empty domain",
     .roles = X, .flags = FRESH | CONFLICT | IF_MATCH, .resource = "domains",
     .query = fields_change_query, .answer = "domain"},
    {MANAGE(POST, DOMAIN "/revoke-all", "domain_revoke_all", DOMAIN_REVOKE_ALL),
     .summary = "End every credential and session of a domain's users", .roles = X, .flags = FRESH,
     .resource = "domains", .query = fields_change_query, .answer = "domain"},

    {MANAGE(GET, "/v1/classes", "class_list", CLASS_LIST), .summary = "List classes",
     .roles = D | A | X, .flags = ROUTE_LIST, .resource = "classes", .query = fields_page,
     .answer = "class"},
    {MANAGE(POST, "/v1/classes", "class_add", CLASS_ADD), .summary = "Add a class", .roles = X,
     .flags = CONFLICT, .resource = "classes", .query = fields_change_query, .body = fields_class,
     .answer = "class", .created = 201},
    {MANAGE(GET, CLASS, "class_show", CLASS_SHOW), .summary = "Show a class", .roles = D | A | X,
     .resource = "classes", .answer = "class"},
    {MANAGE(PATCH, CLASS, "class_set", CLASS_SET), .summary = "Change a class", .roles = X,
     .flags = CONFLICT | IF_MATCH, .resource = "classes", .query = fields_change_query,
     .body = fields_class_changes, .body_argument = "changes", .answer = "class"},
    {MANAGE(DELETE, CLASS, "class_delete", CLASS_DELETE), .summary = "Delete a class", .roles = X,
     .flags = CONFLICT | IF_MATCH, .resource = "classes", .query = fields_change_query,
     .answer = "class"},

    /* The audit. */
    {MANAGE(GET, "/v1/audit", "audit_list", AUDIT_LIST), .summary = "Search the audit",
     .roles = D | A | X, .flags = ROUTE_LIST, .resource = "audit", .query = fields_audit_list,
     .answer = "audit-event"},
    {OPEN(POST, "/v1/audit/verify", "audit_verify"),
     .summary = "Check every seal and every row of the audit", .roles = A | X, .resource = "audit",
     .run = api_audit_verify, .query = fields_change_query, .body = fields_audit_verify,
     .answer = "audit-report"},

    /* API keys: no API key makes, shows or changes any. */
    {MANAGE(GET, "/v1/api-keys", "api_key_list", API_KEY_LIST), .summary = "List API keys",
     .roles = D | X, .flags = ROUTE_LIST | ROUTE_NO_KEYS, .resource = "api-keys",
     .query = fields_page, .answer = "api-key"},
    {RUN(POST, "/v1/api-keys", "api_key_add", API_KEY_ADD), .summary = "Make an API key",
     .roles = D | X, .flags = FRESH | CONFLICT | ROUTE_NO_KEYS, .resource = "api-keys",
     .run = api_key_make, .query = fields_change_query, .body = fields_api_key, .answer = "api-key",
     .created = 201},
    {MANAGE(GET, API_KEY, "api_key_show", API_KEY_SHOW), .summary = "Show an API key",
     .roles = D | X, .flags = ROUTE_NO_KEYS, .resource = "api-keys", .answer = "api-key"},
    {MANAGE(PATCH, API_KEY, "api_key_set", API_KEY_SET), .summary = "Change an API key",
     .roles = D | X, .flags = ROUTE_NO_KEYS | IF_MATCH, .resource = "api-keys",
     .query = fields_change_query, .body = fields_api_key_changes, .body_argument = "changes",
     .answer = "api-key"},
    {MANAGE(DELETE, API_KEY, "api_key_revoke", API_KEY_REVOKE), .summary = "Revoke an API key",
     .roles = D | X, .flags = ROUTE_NO_KEYS | IF_MATCH, .resource = "api-keys",
     .query = fields_change_query, .answer = "api-key"},

    /* The keys of the site. */
    {MANAGE(GET, "/v1/keys", "key_list", KEY_LIST), .summary = "List the keys of the key files",
     .roles = A | X, .flags = ROUTE_LIST, .resource = "keys", .answer = "key"},
    {RUN(POST, "/v1/keys/{purpose}/rotate", "key_rotate", KEY_ROTATE),
     .summary = "Make a new key that replaces the current one", .roles = X,
     .flags = FRESH | CONFLICT | ROUTE_NO_KEYS, .resource = "keys", .run = api_key_rotate,
     .query = fields_change_query, .body = fields_key_rotate, .answer = "key"},

    /* Sending scopes. */
    {MANAGE(GET, USER "/scope", "user_scope_get", SCOPE_GET),
     .summary = "Show the sending scope of a user", .roles = S | H | D | A | X, .flags = CONFLICT,
     .resource = "scopes", .level = "user", .answer = "scope"},
    {RUN(PUT, USER "/scope", "user_scope_put", SCOPE_PUT), .run = api_scope_put,
     .summary = "Set the sending scope of a user", .roles = D | X,
     .flags = FRESH | CONFLICT | IF_MATCH | ROUTE_DOCUMENT, .resource = "scopes",
     .query = fields_change_query, .body = fields_scope, .body_argument = "scope", .level = "user",
     .answer = "scope"},
    {MANAGE(DELETE, USER "/scope", "user_scope_delete", SCOPE_DELETE),
     .summary = "Take the sending scope of a user away", .roles = D | X,
     .flags = FRESH | CONFLICT | IF_MATCH, .resource = "scopes", .query = fields_change_query,
     .level = "user", .answer = "scope"},
    {MANAGE(GET, DOMAIN "/scope", "domain_scope_get", SCOPE_GET),
     .summary = "Show the sending scope of a domain", .roles = D | A | X, .resource = "scopes",
     .level = "domain", .answer = "scope"},
    {RUN(PUT, DOMAIN "/scope", "domain_scope_put", SCOPE_PUT), .run = api_scope_put,
     .summary = "Set the sending scope of a domain", .roles = X,
     .flags = FRESH | IF_MATCH | ROUTE_DOCUMENT, .resource = "scopes", .query = fields_change_query,
     .body = fields_scope, .body_argument = "scope", .level = "domain", .answer = "scope"},
    {MANAGE(DELETE, DOMAIN "/scope", "domain_scope_delete", SCOPE_DELETE),
     .summary = "Take the sending scope of a domain away", .roles = X, .flags = FRESH | IF_MATCH,
     .resource = "scopes", .query = fields_change_query, .level = "domain", .answer = "scope"},
    {MANAGE(GET, CLASS "/scope", "class_scope_get", SCOPE_GET),
     .summary = "Show the sending scope of a class", .roles = D | A | X, .resource = "scopes",
     .level = "class", .answer = "scope"},
    {RUN(PUT, CLASS "/scope", "class_scope_put", SCOPE_PUT), .run = api_scope_put,
     .summary = "Set the sending scope of a class", .roles = X,
     .flags = FRESH | IF_MATCH | ROUTE_DOCUMENT, .resource = "scopes", .query = fields_change_query,
     .body = fields_scope, .body_argument = "scope", .level = "class", .answer = "scope"},
    {MANAGE(DELETE, CLASS "/scope", "class_scope_delete", SCOPE_DELETE),
     .summary = "Take the sending scope of a class away", .roles = X, .flags = FRESH | IF_MATCH,
     .resource = "scopes", .query = fields_change_query, .level = "class", .answer = "scope"},
    {MANAGE(GET, "/v1/scope", "site_scope_get", SCOPE_GET),
     .summary = "Show the sending scope of the site", .roles = D | A | X, .resource = "scopes",
     .level = "site", .answer = "scope"},
    {RUN(PUT, "/v1/scope", "site_scope_put", SCOPE_PUT), .run = api_scope_put,
     .summary = "Set the sending scope of the site", .roles = X,
     .flags = FRESH | IF_MATCH | ROUTE_DOCUMENT, .resource = "scopes", .query = fields_change_query,
     .body = fields_scope, .body_argument = "scope", .level = "site", .answer = "scope"},
    {MANAGE(DELETE, "/v1/scope", "site_scope_delete", SCOPE_DELETE),
     .summary = "Take the sending scope of the site away", .roles = X, .flags = FRESH | IF_MATCH,
     .resource = "scopes", .query = fields_change_query, .level = "site", .answer = "scope"},

    {RUN(POST, "/v1/import", "import_rows", IMPORT_ROWS), .summary = "Import up to 1000 users",
     .roles = D | X, .flags = FRESH, .resource = "import", .run = api_import,
     .query = fields_change_query, .body = fields_import, .body_max = 1024 * 1024,
     .answer = "import"},

    {0},
};
