/* Every route there is.
 *
 * What a route does to something else belongs to its own right where nobody gains by that: to
 * suspend, erase or resume a user and to end all credentials of a user, also of each user of a
 * domain, need users:write alone. A route that shows, or that gives, needs the right of each thing
 * that it shows or gives.
 *
 * A route that may give anything to anybody is FRESH: credentials, rights, reach, addresses, time,
 * a scope or a factor policy that may be wider than the one before. A route that is not FRESH takes
 * away, changes nothing, finishes what began fresh (the confirmation of an enrolment), or has
 * members of which each says for itself whether a session that sets the member must be fresh. The
 * database compares old and new where only they say whether a change gives. */
#include "http/request_table.h"
#include "http/route_handlers.h"
#include "http/router.h"

/* Who may: S any user for the own account, H helpdesk, D domain administrator, A auditor, X
 * administrator and host. */
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
    RUN(METHOD, PATTERN, NAME, STATEMENT), .run = route_manage

#define USER    "/v1/users/{user}"
#define DOMAIN  "/v1/domains/{domain}"
#define CLASS   "/v1/classes/{class}"
#define API_KEY "/v1/api-keys/{id}"

#define TOTP USER "/totp"

#define APP_PASSWORDS USER "/app-passwords"
#define APP_PASSWORD  APP_PASSWORDS "/{id}"

/* An export shows something of each of these. */
#define EXPORTED                                                                                   \
    (RESOURCE_USERS | RESOURCE_PASSWORDS | RESOURCE_APP_PASSWORDS | RESOURCE_TOTP |                \
     RESOURCE_SESSIONS | RESOURCE_SCOPES | RESOURCE_AUDIT)

/* The four levels of sending scopes share what their operations do. */
#define SCOPE_ANSWERED "The document of this level in canonical form; null: there is none."
#define SCOPE_SET                                                                                  \
    "Puts a whole document in force for the next sign-ins. A flaw is named by its place in the "   \
    "document."
#define SCOPE_REMOVED "The document no longer restricts the next sign-ins."

const struct http_route http_routes[] = {
    {OPEN(GET, "/healthz", "health"), .summary = "Whether this process answers",
     .description = "Asks nobody else: an answer says that the process runs. `Host` may have any "
                    "value.",
     .tag = "service", .run = route_health, .flags = ROUTE_ALONE | ROUTE_ANY_HOST,
     .answer = &response_status},
    {OPEN(GET, "/readyz", "ready"), .summary = "Whether it can decide",
     .description =
         "Answers 200 when the database answers within 1.5 seconds, else 503. `Host` may "
         "have any value.",
     .tag = "service", .run = route_ready, .flags = ROUTE_ANY_HOST, .answer = &response_status},
    {OPEN(GET, "/openapi.json", "document"), .summary = "This document",
     .description = "The description of every operation in OpenAPI 3.1, without a sign-in.",
     .tag = "service", .run = route_openapi, .flags = ROUTE_ALONE},

    {OPEN(GET, "/v1/site", "site"), .summary = "What users and programs need to know of the site",
     .description = "The public URL, the submission server, the rules for passwords and second "
                    "factors, and the version.",
     .roles = S | H | D | A | X, .flags = ROUTE_ALONE, .resources = RESOURCE_SITE,
     .run = route_site, .answer = &response_site},

    /* Signing in. */
    {OPEN(POST, "/v1/session", "sign_in"), .summary = "Sign in",
     .description =
         "Makes a session and sets its cookie. A refused sign-in is one 401, whatever was wrong. A "
         "user who needs a second factor and has none gets a session that can only enrol one.",
     .tag = "sign-in", .flags = ROUTE_COOKIE | ROUTE_PROOF, .run = route_sign_in,
     .body = request_sign_in, .answer = &response_session, .created = 201},
    {OPEN(GET, "/v1/session", "session_show"), .summary = "Who is signed in",
     .description = "Who calls, by which kind of credential, and what the caller may do.",
     .tag = "sign-in", .roles = S | H | D | A | X, .flags = ROUTE_ENROL, .resources = RESOURCE_SITE,
     .run = route_session, .answer = &response_caller},
    {OPEN(DELETE, "/v1/session", "sign_out"), .summary = "Sign out",
     .description = "Ends the session of the cookie and takes the cookie away.", .tag = "sign-in",
     .roles = S | H | D | A | X, .flags = ROUTE_SESSION | ROUTE_ENROL, .run = route_sign_out,
     .answer = &response_signed_out},
    {OPEN(POST, "/v1/session/fresh", "session_fresh"),
     .summary = "Give password and code again, for what needs a fresh sign-in",
     .description = "Makes a new session in place of the old one, fresh for ten minutes.",
     .tag = "sign-in", .roles = S | H | D | A | X, .flags = ROUTE_SESSION | ROUTE_ENROL,
     .run = route_fresh, .body = request_fresh, .answer = &response_session, .created = 201},

    /* Users. */
    {MANAGE(GET, "/v1/users", "user_list", USER_LIST), .summary = "List users",
     .description = "The users within the caller's reach that all filters choose.",
     .roles = H | D | A | X, .flags = ROUTE_LIST, .resources = RESOURCE_USERS,
     .query = request_user_list, .answer = &response_user},
    {MANAGE(POST, "/v1/users", "user_add", USER_ADD), .summary = "Add a user",
     .description = "Adds the domain of the login as well, if it is new and the caller reaches the "
                    "whole site.",
     .roles = D | X, .flags = FRESH | CONFLICT | ROUTE_ABSENT, .resources = RESOURCE_USERS,
     .query = request_change_query, .body = request_user, .answer = &response_user, .created = 201},
    {MANAGE(GET, USER, "user_show", USER_SHOW), .summary = "Show a user",
     .description = "Everything that is known of the user, without secrets.",
     .roles = S | H | D | A | X, .flags = CONFLICT, .resources = RESOURCE_USERS,
     .answer = &response_user},
    {MANAGE(PATCH, USER, "user_set", USER_SET), .summary = "Change a user",
     .description = "Sets the members that the request has; null clears a member. Passwords "
                    "survive another login.",
     .roles = S | D | X, .flags = CONFLICT | IF_MATCH, .resources = RESOURCE_USERS,
     .query = request_change_query, .body = request_user_changes, .body_argument = "changes",
     .answer = &response_user},
    {MANAGE(DELETE, USER, "user_delete", USER_DELETE), .summary = "Erase a user",
     .description = "Deletes the user and all that is stored about the person, for good. The rows "
                    "of the audit stay, without the person's data.",
     .roles = D | X, .flags = FRESH | CONFLICT | IF_MATCH, .resources = RESOURCE_USERS,
     .query = request_change_query, .answer = &response_user},
    {MANAGE(POST, USER "/suspend", "user_suspend", USER_SUSPEND), .summary = "Suspend a user",
     .description =
         "Refuses every login of the user until the user is resumed. Sessions and reset links end.",
     .roles = H | D | X, .flags = CONFLICT, .resources = RESOURCE_USERS,
     .query = request_change_query, .body = request_suspend, .answer = &response_user},
    {MANAGE(POST, USER "/resume", "user_resume", USER_RESUME), .summary = "Resume a user",
     .description = "Lets the user log in again, with the credentials that have not ended.",
     .roles = H | D | X, .flags = FRESH | CONFLICT, .resources = RESOURCE_USERS,
     .query = request_change_query, .answer = &response_user},
    {MANAGE(POST, USER "/revoke-all", "user_revoke_all", USER_REVOKE_ALL),
     .summary = "End every credential and session of a user",
     .description =
         "Ends app passwords, sessions, API keys, reset links, recovery codes and enrolment "
         "tickets, and clears the main password. The authenticator app stays enrolled.",
     .roles = D | X, .flags = FRESH | CONFLICT, .resources = RESOURCE_USERS,
     .query = request_change_query, .answer = &response_user},
    {MANAGE(GET, USER "/export", "user_export", USER_EXPORT),
     .summary = "All that is stored about a person",
     .description =
         "The data of the person as one object, without hashes and keys. No API key gets "
         "to know the API keys of the person: `api_keys` is null then.",
     .tag = "users", .roles = S | D | X, .flags = CONFLICT, .resources = EXPORTED,
     .answer = &response_user_export},

    {MANAGE(GET, USER "/addresses", "address_list", ADDRESS_LIST),
     .summary = "List the addresses that a user may send as",
     .description = "The addresses of the user; `*@example.org` is a whole domain.",
     .roles = S | H | D | A | X, .flags = CONFLICT | ROUTE_LIST, .resources = RESOURCE_USERS,
     .answer = &response_address},
    {MANAGE(POST, USER "/addresses", "address_add", ADDRESS_ADD), .summary = "Add an address",
     .description = "Lets the user send as the address. Several users may have the same address.",
     .roles = D | X, .flags = FRESH | CONFLICT, .resources = RESOURCE_USERS,
     .query = request_change_query, .body = request_address, .answer = &response_user},
    {MANAGE(DELETE, USER "/addresses", "address_remove", ADDRESS_REMOVE),
     .summary = "Remove an address",
     .description = "The last address of a user cannot be removed: suspend the user instead.",
     .roles = D | X, .flags = CONFLICT | IF_MATCH, .resources = RESOURCE_USERS,
     .query = request_address_query, .answer = &response_user},

    {OPEN(GET, "/reset", "reset_page"), .summary = "The page that a reset link leads to",
     .description =
         "A page for people, which sets the password by POST /v1/reset. The token of the "
         "link follows #, and no browser sends it with this request.",
     .tag = "passwords", .flags = ROUTE_ALONE, .run = route_reset_page, .media = "text/html"},
    {OPEN(POST, "/v1/reset", "reset_use"), .statement = STATEMENT_RESET_USE,
     .summary = "Set a password by a reset link",
     .description =
         "Sets the main password by the token of a link, once, and ends the sessions and, "
         "unless the link keeps them, the app passwords of the user. Whatever is wrong "
         "with the token is one 401.",
     .tag = "passwords", .flags = ROUTE_PROOF, .run = route_reset, .body = request_reset,
     .answer = &response_reset},
    {OPEN(POST, USER "/reset-link", "reset_link_add"), .statement = STATEMENT_RESET_LINK_ADD,
     .summary = "Mail a link that sets a new password to the recovery address",
     .description = "The mail alone has the link, which works once and for an hour and ends the "
                    "link before. A user gets three links an hour and ten a day. 409: the site has "
                    "no public URL or sends no mail, or its mail server does not take the address.",
     .roles = H | D | X, .flags = FRESH | CONFLICT | ROUTE_LIMITED, .resources = RESOURCE_PASSWORDS,
     .run = route_reset_link, .query = request_change_query, .body = request_reset_link,
     .answer = &response_reset_link, .created = 201},
    {OPEN(POST, USER "/password-strength", "password_strength"),
     .statement = STATEMENT_PASSWORD_WORDS, .summary = "How good a password would be",
     .description =
         "Checks the password by the rules of the site and the names of the user. Stores nothing.",
     .roles = S | D | X, .flags = CONFLICT, .resources = RESOURCE_PASSWORDS,
     .run = route_password_strength, .body = request_password_strength,
     .answer = &response_password_strength},
    {MANAGE(PUT, USER "/password", "password_set", PASSWORD_SET),
     .summary = "Set the main password",
     .description =
         "Ends the other sessions and the reset links of the user and, when somebody else "
         "sets the password, the app passwords.",
     .roles = S | D | X, .flags = FRESH | CONFLICT | IF_MATCH, .resources = RESOURCE_PASSWORDS,
     .query = request_change_query, .body = request_password, .answer = &response_user},
    {MANAGE(DELETE, USER "/password", "password_clear", PASSWORD_CLEAR),
     .summary = "Clear the main password",
     .description = "Refuses every login with the main password. Sessions and reset links end.",
     .roles = D | X, .flags = FRESH | CONFLICT | IF_MATCH, .resources = RESOURCE_PASSWORDS,
     .query = request_change_query, .answer = &response_user},

    {MANAGE(GET, TOTP, "totp_show", TOTP_SHOW), .summary = "Show a user's second factor",
     .description = "Whether there is a second factor, and how many recovery codes are left.",
     .roles = S | H | D | A | X, .flags = CONFLICT | ROUTE_ENROL, .resources = RESOURCE_TOTP,
     .answer = &response_totp},
    {RUN(POST, TOTP, "totp_enroll", TOTP_ENROLL),
     .summary = "Begin to enrol a second factor; its secret is displayed once",
     .description =
         "Answers the key, its URI and its QR code. Nothing counts until a code confirms the "
         "enrolment, within 15 minutes. The first enrolment may need a ticket.",
     .roles = S | D | X, .flags = FRESH | CONFLICT | ROUTE_NO_KEYS | ROUTE_ENROL | ROUTE_FACTOR,
     .resources = RESOURCE_TOTP, .run = route_totp_enroll, .query = request_change_query,
     .body = request_totp, .answer = &response_totp_enrolment, .created = 201},
    {RUN(POST, TOTP "/confirm", "totp_confirm", TOTP_CONFIRM),
     .summary = "Confirm an enrolment by a code: from then on it counts",
     .description = "Ends the other sessions of the user. A first enrolment answers ten recovery "
                    "codes. The tenth wrong code ends the enrolment.",
     .roles = S | D | X, .flags = CONFLICT | ROUTE_NO_KEYS | ROUTE_ENROL,
     .resources = RESOURCE_TOTP, .run = route_totp_confirm, .query = request_change_query,
     .body = request_totp_confirm, .answer = &response_totp},
    {MANAGE(DELETE, TOTP, "totp_remove", TOTP_REMOVE), .summary = "Remove a second factor",
     .description = "Ends the recovery codes and the other sessions of the user too.",
     .roles = S | D | X, .flags = FRESH | CONFLICT | IF_MATCH | ROUTE_NO_KEYS | ROUTE_FACTOR,
     .resources = RESOURCE_TOTP, .query = request_change_query, .answer = &response_totp},
    {RUN(POST, TOTP "/ticket", "totp_ticket_add", TOTP_TICKET_ADD),
     .summary = "Permit a user to enrol, once; the ticket is displayed once",
     .description = "The ticket is good for 24 hours and for one enrolment, although "
                    "second_factor_from of the domain is past. It replaces the ticket before.",
     .roles = D | X, .flags = FRESH | CONFLICT, .resources = RESOURCE_TOTP,
     .run = route_totp_ticket, .query = request_change_query, .answer = &response_totp_ticket,
     .created = 201},
    {RUN(POST, USER "/recovery-codes", "recovery_codes_set", RECOVERY_CODES_SET),
     .summary = "Make ten new recovery codes; they are displayed once",
     .description = "Each code is good once. The old recovery codes end.", .roles = S | D | X,
     .flags = FRESH | CONFLICT | ROUTE_NO_KEYS | ROUTE_FACTOR, .resources = RESOURCE_TOTP,
     .run = route_recovery_codes, .query = request_change_query, .answer = &response_recovery_codes,
     .created = 201},

    {MANAGE(GET, USER "/sessions", "session_list", SESSION_LIST),
     .summary = "List where a user is signed in",
     .description = "The sessions of the user that have not ended.", .roles = S | H | D | A | X,
     .flags = CONFLICT | ROUTE_LIST, .resources = RESOURCE_SESSIONS, .answer = &response_session},
    {MANAGE(DELETE, USER "/sessions/{id}", "session_revoke", SESSION_REVOKE),
     .summary = "End a session", .description = "Signs the browser out.", .roles = S | D | X,
     .flags = CONFLICT | IF_MATCH, .resources = RESOURCE_SESSIONS, .query = request_change_query,
     .answer = &response_session},
    {MANAGE(GET, USER "/activity", "activity_list", ACTIVITY_LIST),
     .summary = "List the logins of a user, and the changes that concern it",
     .description = "The rows of the audit that concern the user, newest first.",
     .roles = S | H | D | A | X, .flags = CONFLICT | ROUTE_LIST, .resources = RESOURCE_AUDIT,
     .query = request_page, .answer = &response_audit_event},

    {MANAGE(GET, APP_PASSWORDS, "app_password_list", APP_PASSWORD_LIST),
     .summary = "List a user's app passwords",
     .description =
         "The app passwords that all filters choose, with last use and end and without secrets.",
     .roles = S | H | D | A | X, .flags = CONFLICT | ROUTE_LIST,
     .resources = RESOURCE_APP_PASSWORDS, .query = request_app_password_list,
     .answer = &response_app_password},
    {RUN(POST, APP_PASSWORDS, "app_password_add", APP_PASSWORD_ADD),
     .summary = "Make an app password",
     .description = "Answers the secret, once. An administrator may import an app password by its "
                    "hash instead.",
     .roles = S | D | X, .flags = FRESH | CONFLICT, .resources = RESOURCE_APP_PASSWORDS,
     .run = route_app_password_add, .query = request_change_query, .body = request_app_password,
     .answer = &response_app_password, .created = 201},
    {MANAGE(GET, APP_PASSWORD, "app_password_show", APP_PASSWORD_SHOW),
     .summary = "Show an app password",
     .description =
         "The app password with its sending scope, last use and end, without the secret.",
     .roles = S | H | D | A | X, .flags = CONFLICT, .resources = RESOURCE_APP_PASSWORDS,
     .answer = &response_app_password},
    {RUN(PATCH, APP_PASSWORD, "app_password_set", APP_PASSWORD_SET),
     .summary = "Change an app password",
     .description = "Changes the label, the end or the sending scope. The secret stays. A change "
                    "that is not a narrower one for sure needs a fresh sign-in.",
     .roles = S | D | X, .flags = CONFLICT | IF_MATCH | ROUTE_WIDENS,
     .resources = RESOURCE_APP_PASSWORDS, .run = route_app_password_set,
     .query = request_change_query, .body = request_app_password_changes,
     .body_argument = "changes", .answer = &response_app_password},
    {MANAGE(DELETE, APP_PASSWORD, "app_password_revoke", APP_PASSWORD_REVOKE),
     .summary = "Revoke an app password",
     .description = "Ends the app password at once, on every connection.", .roles = S | D | X,
     .flags = CONFLICT | IF_MATCH, .resources = RESOURCE_APP_PASSWORDS,
     .query = request_change_query, .answer = &response_app_password},
    {RUN(POST, APP_PASSWORD "/rotate", "app_password_rotate", APP_PASSWORD_ROTATE),
     .summary = "Give an app password a new secret",
     .description = "Answers the new secret, once. The old secret works on for the overlap.",
     .roles = S | D | X, .flags = FRESH | CONFLICT, .resources = RESOURCE_APP_PASSWORDS,
     .run = route_app_password_rotate, .query = request_change_query, .body = request_rotate,
     .answer = &response_app_password},

    /* Domains and classes. */
    {MANAGE(GET, "/v1/domains", "domain_list", DOMAIN_LIST), .summary = "List domains",
     .description = "The domains within the caller's reach that all filters choose.",
     .roles = H | D | A | X, .flags = ROUTE_LIST, .resources = RESOURCE_DOMAINS,
     .query = request_domain_list, .answer = &response_domain},
    {MANAGE(POST, "/v1/domains", "domain_add", DOMAIN_ADD), .summary = "Add a domain",
     .description = "Users can be added to the domain from then on.", .roles = X, .flags = CONFLICT,
     .resources = RESOURCE_DOMAINS, .query = request_change_query, .body = request_domain,
     .answer = &response_domain, .created = 201},
    {MANAGE(GET, DOMAIN, "domain_show", DOMAIN_SHOW), .summary = "Show a domain",
     .description = "The domain with its policy of second factors.", .roles = H | D | A | X,
     .resources = RESOURCE_DOMAINS, .answer = &response_domain},
    {MANAGE(PATCH, DOMAIN, "domain_set", DOMAIN_SET), .summary = "Change a domain",
     .description = "Sets the members that the request has; null clears a member.", .roles = D | X,
     .flags = IF_MATCH, .resources = RESOURCE_DOMAINS, .query = request_change_query,
     .body = request_domain_changes, .body_argument = "changes", .answer = &response_domain},
    {MANAGE(DELETE, DOMAIN, "domain_delete", DOMAIN_DELETE), .summary = "Delete an empty domain",
     .description = "A domain that has users cannot be deleted.", .roles = X,
     .flags = FRESH | CONFLICT | IF_MATCH, .resources = RESOURCE_DOMAINS,
     .query = request_change_query, .answer = &response_domain},
    {MANAGE(POST, DOMAIN "/revoke-all", "domain_revoke_all", DOMAIN_REVOKE_ALL),
     .summary = "End every credential and session of a domain's users",
     .description = "Does to each user of the domain what revoke-all of a user does. The answer "
                    "names users that were skipped, because the caller may not change them.",
     .tag = "domains", .roles = X, .flags = FRESH, .resources = RESOURCE_USERS,
     .query = request_change_query, .answer = &response_domain},

    {MANAGE(GET, "/v1/classes", "class_list", CLASS_LIST), .summary = "List classes",
     .description = "Every class of the site.", .roles = D | A | X, .flags = ROUTE_LIST,
     .resources = RESOURCE_CLASSES, .query = request_page, .answer = &response_class},
    {MANAGE(POST, "/v1/classes", "class_add", CLASS_ADD), .summary = "Add a class",
     .description = "Users can be given the class from then on.", .roles = X, .flags = CONFLICT,
     .resources = RESOURCE_CLASSES, .query = request_change_query, .body = request_class,
     .answer = &response_class, .created = 201},
    {MANAGE(GET, CLASS, "class_show", CLASS_SHOW), .summary = "Show a class",
     .description = "The class with its description.", .roles = D | A | X,
     .resources = RESOURCE_CLASSES, .answer = &response_class},
    {MANAGE(PATCH, CLASS, "class_set", CLASS_SET), .summary = "Change a class",
     .description = "Sets the members that the request has; null clears a member.", .roles = X,
     .flags = CONFLICT | IF_MATCH, .resources = RESOURCE_CLASSES, .query = request_change_query,
     .body = request_class_changes, .body_argument = "changes", .answer = &response_class},
    {MANAGE(DELETE, CLASS, "class_delete", CLASS_DELETE), .summary = "Delete a class",
     .description = "A class that users have cannot be deleted.", .roles = X,
     .flags = CONFLICT | IF_MATCH, .resources = RESOURCE_CLASSES, .query = request_change_query,
     .answer = &response_class},

    /* The audit. */
    {MANAGE(GET, "/v1/audit", "audit_list", AUDIT_LIST), .summary = "Search the audit",
     .description =
         "The rows within the caller's reach that all filters choose, newest first without `sort`.",
     .roles = D | A | X, .flags = ROUTE_LIST, .resources = RESOURCE_AUDIT,
     .query = request_audit_list, .answer = &response_audit_event},
    {OPEN(POST, "/v1/audit/verify", "audit_verify"),
     .summary = "Check every seal and every row of the audit",
     .description = "Checks a part of the audit and names what was changed, is missing or was "
                    "added. Repeat the request with `after` until `next` is null.",
     .roles = A | X, .flags = ROUTE_SITE, .resources = RESOURCE_AUDIT, .run = route_audit_verify,
     .query = request_change_query, .body = request_audit_verify, .answer = &response_audit_report},

    /* API keys, which no API key makes, shows or changes. */
    {MANAGE(GET, "/v1/api-keys", "api_key_list", API_KEY_LIST), .summary = "List API keys",
     .description = "The API keys within the caller's reach, without the keys themselves.",
     .roles = D | X, .flags = ROUTE_LIST | ROUTE_NO_KEYS, .tag = "api-keys", .query = request_page,
     .answer = &response_api_key},
    {RUN(POST, "/v1/api-keys", "api_key_add", API_KEY_ADD), .summary = "Make an API key",
     .description = "Answers the key itself, once. Without rights it reads what its owner may "
                    "read; without an end it lasts 90 days.",
     .roles = D | X, .flags = FRESH | CONFLICT | ROUTE_NO_KEYS, .tag = "api-keys",
     .run = route_api_key_make, .query = request_change_query, .body = request_api_key,
     .answer = &response_api_key, .created = 201},
    {MANAGE(GET, API_KEY, "api_key_show", API_KEY_SHOW), .summary = "Show an API key",
     .description = "The API key with its rights, last use and end, without the key itself.",
     .roles = D | X, .flags = ROUTE_NO_KEYS, .tag = "api-keys", .answer = &response_api_key},
    {MANAGE(PATCH, API_KEY, "api_key_set", API_KEY_SET), .summary = "Change an API key",
     .description =
         "Changes the label, rights, domains or end. The key itself stays. A change that is "
         "not a narrower one for sure needs a fresh sign-in.",
     .roles = D | X, .flags = ROUTE_NO_KEYS | IF_MATCH | ROUTE_WIDENS, .tag = "api-keys",
     .query = request_change_query, .body = request_api_key_changes, .body_argument = "changes",
     .answer = &response_api_key},
    {MANAGE(DELETE, API_KEY, "api_key_revoke", API_KEY_REVOKE), .summary = "Revoke an API key",
     .description = "Refuses every call with the API key from then on.", .roles = D | X,
     .flags = ROUTE_NO_KEYS | IF_MATCH, .tag = "api-keys", .query = request_change_query,
     .answer = &response_api_key},

    /* The keys of the site. */
    {MANAGE(GET, "/v1/keys", "key_list", KEY_LIST), .summary = "List the keys of the key files",
     .description = "The names of the keys, and how many rows need each. The keys themselves are "
                    "never answered.",
     .roles = A | X, .flags = ROUTE_LIST, .resources = RESOURCE_KEYS, .answer = &response_key},
    {RUN(POST, "/v1/keys/{purpose}/rotate", "key_rotate", KEY_ROTATE),
     .summary = "Make a new key that replaces the current one",
     .description = "The old key stays good for what it made: passwords are encrypted anew in the "
                    "background, app passwords and API keys follow a new pepper when they are "
                    "used. A new pepper ends every session.",
     .roles = X, .flags = FRESH | CONFLICT | ROUTE_NO_KEYS, .resources = RESOURCE_KEYS,
     .run = route_site_key_rotate, .query = request_change_query, .body = request_key_rotate,
     .answer = &response_key},

    /* Sending scopes. */
    {MANAGE(GET, USER "/scope", "user_scope_get", SCOPE_GET),
     .summary = "Show the sending scope of a user", .description = SCOPE_ANSWERED,
     .roles = S | H | D | A | X, .flags = CONFLICT, .resources = RESOURCE_SCOPES, .level = "user",
     .answer = &response_scope},
    {RUN(PUT, USER "/scope", "user_scope_put", SCOPE_PUT), .run = route_scope_put,
     .summary = "Set the sending scope of a user", .description = SCOPE_SET, .roles = D | X,
     .flags = FRESH | CONFLICT | IF_MATCH | ROUTE_DOCUMENT, .resources = RESOURCE_SCOPES,
     .query = request_change_query, .body = request_scope, .body_argument = "scope",
     .level = "user", .answer = &response_scope},
    {MANAGE(DELETE, USER "/scope", "user_scope_delete", SCOPE_DELETE),
     .summary = "Take the sending scope of a user away", .description = SCOPE_REMOVED,
     .roles = D | X, .flags = FRESH | CONFLICT | IF_MATCH, .resources = RESOURCE_SCOPES,
     .query = request_change_query, .level = "user", .answer = &response_scope},
    {MANAGE(GET, DOMAIN "/scope", "domain_scope_get", SCOPE_GET),
     .summary = "Show the sending scope of a domain", .description = SCOPE_ANSWERED,
     .roles = D | A | X, .resources = RESOURCE_SCOPES, .level = "domain",
     .answer = &response_scope},
    {RUN(PUT, DOMAIN "/scope", "domain_scope_put", SCOPE_PUT), .run = route_scope_put,
     .summary = "Set the sending scope of a domain", .description = SCOPE_SET, .roles = X,
     .flags = FRESH | IF_MATCH | ROUTE_DOCUMENT, .resources = RESOURCE_SCOPES,
     .query = request_change_query, .body = request_scope, .body_argument = "scope",
     .level = "domain", .answer = &response_scope},
    {MANAGE(DELETE, DOMAIN "/scope", "domain_scope_delete", SCOPE_DELETE),
     .summary = "Take the sending scope of a domain away", .description = SCOPE_REMOVED, .roles = X,
     .flags = FRESH | IF_MATCH, .resources = RESOURCE_SCOPES, .query = request_change_query,
     .level = "domain", .answer = &response_scope},
    {MANAGE(GET, CLASS "/scope", "class_scope_get", SCOPE_GET),
     .summary = "Show the sending scope of a class", .description = SCOPE_ANSWERED,
     .roles = D | A | X, .resources = RESOURCE_SCOPES, .level = "class", .answer = &response_scope},
    {RUN(PUT, CLASS "/scope", "class_scope_put", SCOPE_PUT), .run = route_scope_put,
     .summary = "Set the sending scope of a class", .description = SCOPE_SET, .roles = X,
     .flags = FRESH | IF_MATCH | ROUTE_DOCUMENT, .resources = RESOURCE_SCOPES,
     .query = request_change_query, .body = request_scope, .body_argument = "scope",
     .level = "class", .answer = &response_scope},
    {MANAGE(DELETE, CLASS "/scope", "class_scope_delete", SCOPE_DELETE),
     .summary = "Take the sending scope of a class away", .description = SCOPE_REMOVED, .roles = X,
     .flags = FRESH | IF_MATCH, .resources = RESOURCE_SCOPES, .query = request_change_query,
     .level = "class", .answer = &response_scope},
    {MANAGE(GET, "/v1/scope", "site_scope_get", SCOPE_GET),
     .summary = "Show the sending scope of the site", .description = SCOPE_ANSWERED,
     .roles = D | A | X, .resources = RESOURCE_SCOPES, .level = "site", .answer = &response_scope},
    {RUN(PUT, "/v1/scope", "site_scope_put", SCOPE_PUT), .run = route_scope_put,
     .summary = "Set the sending scope of the site", .description = SCOPE_SET, .roles = X,
     .flags = FRESH | IF_MATCH | ROUTE_DOCUMENT, .resources = RESOURCE_SCOPES,
     .query = request_change_query, .body = request_scope, .body_argument = "scope",
     .level = "site", .answer = &response_scope},
    {MANAGE(DELETE, "/v1/scope", "site_scope_delete", SCOPE_DELETE),
     .summary = "Take the sending scope of the site away", .description = SCOPE_REMOVED, .roles = X,
     .flags = FRESH | IF_MATCH, .resources = RESOURCE_SCOPES, .query = request_change_query,
     .level = "site", .answer = &response_scope},

    {RUN(POST, "/v1/import", "import_rows", IMPORT_ROWS), .summary = "Import up to 1000 users",
     .description =
         "Adds or updates users. Each row stands for itself: the answer says what became of the "
         "row.",
     .tag = "import", .roles = D | X, .flags = FRESH, .resources = RESOURCE_IMPORT | RESOURCE_USERS,
     .run = route_import, .query = request_change_query, .body = request_import,
     .body_max = 1024 * 1024, .answer = &response_import},

    {0},
};
