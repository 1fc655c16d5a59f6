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

#define MANAGE(METHOD, PATTERN, NAME, STATEMENT)                                                   \
    .method = HTTP_##METHOD, .pattern = (PATTERN), .name = (NAME), .run = api_account,             \
    .statement = STATEMENT_##STATEMENT

#define USER "/v1/users/{user}"

const struct http_route http_routes[] = {
    {OPEN(GET, "/healthz", "health"), .summary = "Whether this process answers", .run = api_health,
     .answer = "status"},
    {OPEN(GET, "/readyz", "ready"), .summary = "Whether it can decide", .run = api_ready,
     .answer = "status"},
    {OPEN(GET, "/openapi.json", "document"), .summary = "This document", .run = api_document},

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

    {MANAGE(GET, USER "/addresses", "address_list", ADDRESS_LIST),
     .summary = "List the addresses that a user may send as", .roles = S | H | D | A | X,
     .flags = CONFLICT | ROUTE_LIST, .resource = "users", .answer = "address"},
    {MANAGE(POST, USER "/addresses", "address_add", ADDRESS_ADD), .summary = "Add an address",
     .roles = D | X, .flags = CONFLICT, .resource = "users", .query = fields_change_query,
     .body = fields_address, .answer = "user"},
    {MANAGE(DELETE, USER "/addresses", "address_remove", ADDRESS_REMOVE),
     .summary = "Remove an address", .roles = D | X, .flags = CONFLICT | IF_MATCH,
     .resource = "users", .query = fields_address_query, .answer = "user"},

    {MANAGE(PUT, USER "/password", "password_set", PASSWORD_SET),
     .summary = "Set the main password", .roles = S | D | X, .flags = FRESH | CONFLICT | IF_MATCH,
     .resource = "passwords", .query = fields_change_query, .body = fields_password,
     .answer = "user"},
    {MANAGE(DELETE, USER "/password", "password_clear", PASSWORD_CLEAR),
     .summary = "Clear the main password", .roles = D | X, .flags = FRESH | CONFLICT | IF_MATCH,
     .resource = "passwords", .query = fields_change_query, .answer = "user"},

    {0},
};
