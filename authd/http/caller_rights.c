#include "http/caller_rights.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned bit_of(enum caller_role role)
{
    static const unsigned bits[] = {
        [CALLER_NONE] = 0,
        [CALLER_USER] = 0,
        [CALLER_HELPDESK] = ROLE_HELPDESK,
        [CALLER_DOMAIN_ADMIN] = ROLE_DOMAIN_ADMIN,
        [CALLER_AUDITOR] = ROLE_AUDITOR,
        [CALLER_ADMIN] = ROLE_ADMIN,
        [CALLER_ROOT] = ROLE_ADMIN,
    };

    return bits[role];
}

/* "users:read", "*:write": writing includes reading. */
static bool key_has(const json_t *rights, const char *resource, bool write)
{
    const char *const resources[] = {resource, "*"};
    const char *const verbs[] = {"write", "read"};
    size_t index;
    json_t *item;

    json_array_foreach((json_t *)rights, index, item)
    {
        for (size_t i = 0; i < 4; i++) {
            char right[64];

            snprintf(right, sizeof(right), "%s:%s", resources[i / 2], verbs[i % 2]);
            if ((!write || i % 2 == 0) && strcmp(json_string_value(item), right) == 0) {
                return true;
            }
        }
    }
    return false;
}

static enum caller_rights_verdict check_key(const struct http_route *route,
                                            const struct caller *caller)
{
    const json_t *rights = json_object_get(caller->known, "rights");

    if ((route->flags & ROUTE_NO_KEYS) != 0 || route->resource == NULL) {
        return RIGHTS_NO_KEYS;
    }
    return key_has(rights, route->resource, route->method != HTTP_GET) ? RIGHTS_ALLOWED
                                                                       : RIGHTS_KEY;
}

struct caller_rights caller_rights_of(const struct http_route *route, const struct caller *caller)
{
    struct caller_rights rights = {.verdict = RIGHTS_ALLOWED};

    if (route->roles == 0) {
        return rights;
    }
    if (caller->kind == CALLER_NOBODY) {
        rights.verdict = RIGHTS_NOBODY;
        return rights;
    }
    if (caller->must_enrol && (route->flags & ROUTE_ENROL) == 0) {
        rights.verdict = RIGHTS_MUST_ENROL;
        return rights;
    }
    rights.self_only = caller->must_enrol || (route->roles & bit_of(caller->role)) == 0;
    if (rights.self_only && (route->roles & ROLE_SELF) == 0) {
        rights.verdict = RIGHTS_ROLE;
    } else if ((route->flags & ROUTE_SESSION) != 0 && caller->kind != CALLER_SESSION) {
        rights.verdict = RIGHTS_NO_SESSION;
    } else if (caller->kind == CALLER_API_KEY) {
        rights.verdict = check_key(route, caller);
    } else if ((route->flags & ROUTE_FRESH) != 0 && !caller->fresh) {
        rights.verdict = RIGHTS_STALE;
    }
    return rights;
}

enum caller_rights_verdict caller_rights_member(const struct request_member *member,
                                                const struct caller *caller, bool self_only)
{
    unsigned mine = self_only ? ROLE_SELF : bit_of(caller->role);

    if (member->roles != 0 && (member->roles & mine) == 0) {
        return RIGHTS_ROLE;
    }
    return (member->flags & REQUEST_SENSITIVE) != 0 && !caller->fresh ? RIGHTS_STALE
                                                                      : RIGHTS_ALLOWED;
}

/* ---- refusals ------------------------------------------------------------------------------ */

/* `member`: what the caller may not set; NULL: the caller may not call the route. */
static const char *role_detail(const struct caller_rights_case *asked, const char *member,
                               struct arena *arena)
{
    const char *role = caller_role_word(asked->caller->role);

    if (member == NULL) {
        return arena_printf(arena, "the role %s may not do this", role);
    }
    return arena_printf(arena, "the role %s may not set %s%s", role, member,
                        asked->rights.self_only ? " of its own account" : "");
}

static const char *key_detail(const struct caller_rights_case *asked, struct arena *arena)
{
    const struct http_route *route = asked->route;

    return arena_printf(arena, "%s lacks the right %s:%s", asked->caller->name, route->resource,
                        route->method == HTTP_GET ? "read" : "write");
}

static const char *stale_detail(const char *member, struct arena *arena)
{
    if (member == NULL) {
        return "this needs a password that was given in the last minutes";
    }
    return arena_printf(arena, "%s needs a password that was given in the last minutes", member);
}

static const struct problem *refusal(const struct caller_rights_case *asked,
                                     enum caller_rights_verdict verdict, const char *member,
                                     struct arena *arena)
{
    switch (verdict) {
    case RIGHTS_ALLOWED:
        return NULL;
    case RIGHTS_NOBODY:
        return problem_new(
            arena, PROBLEM_UNAUTHORIZED, "nobody is signed in, or the sign-in has ended",
            "Sign in, present an API key, or use the administrator's socket as root.");
    case RIGHTS_ROLE:
        return problem_new(arena, PROBLEM_FORBIDDEN, role_detail(asked, member, arena),
                           "Ask an administrator.");
    case RIGHTS_KEY:
        return problem_new(arena, PROBLEM_FORBIDDEN, key_detail(asked, arena),
                           "Make an API key that has it.");
    case RIGHTS_NO_KEYS:
        return problem_new(arena, PROBLEM_FORBIDDEN, "no API key may do this",
                           "Sign in, or use the administrator's socket.");
    case RIGHTS_NO_SESSION:
        return problem_new(arena, PROBLEM_FORBIDDEN, "only a signed-in user can do this",
                           "Sign in with a password.");
    case RIGHTS_STALE:
        return problem_new(arena, PROBLEM_FRESH_SIGN_IN_REQUIRED, stale_detail(member, arena),
                           "Give the password to POST /v1/session/fresh, then try again.");
    case RIGHTS_MUST_ENROL:
        return problem_new(
            arena, PROBLEM_SECOND_FACTOR_REQUIRED,
            "this account needs a second factor, and this sign-in had none",
            "Sign in again with a code; or enrol by POST /v1/users/me/totp, confirm it by a "
            "code, then go on.");
    }
    abort(); /* no such verdict */
}

const struct problem *caller_rights_check(const struct caller_rights_case *asked,
                                          struct arena *arena)
{
    return refusal(asked, asked->rights.verdict, NULL, arena);
}

const struct problem *caller_rights_check_body(const struct caller_rights_case *asked,
                                               const json_t *body, struct arena *arena)
{
    const struct problem *problem = NULL;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)body, name, value)
    {
        const struct request_member *member = request_schema_find(asked->route->body, name);

        problem =
            refusal(asked, caller_rights_member(member, asked->caller, asked->rights.self_only),
                    name, arena);
        if (problem != NULL) {
            break;
        }
    }
    return problem;
}

/* ---- words --------------------------------------------------------------------------------- */

json_t *caller_rights_words(unsigned roles)
{
    static const enum caller_role order[] = {CALLER_USER, CALLER_HELPDESK, CALLER_DOMAIN_ADMIN,
                                             CALLER_AUDITOR, CALLER_ADMIN};
    json_t *words = json_array();

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        unsigned bit = order[i] == CALLER_USER ? (unsigned)ROLE_SELF : bit_of(order[i]);

        if ((roles & bit) != 0) {
            json_array_append_new(words, json_string(caller_role_word(order[i])));
        }
    }
    return words;
}
