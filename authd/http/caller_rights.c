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

/* ---- API keys ------------------------------------------------------------------------------ */

bool caller_rights_keys(const struct http_route *route)
{
    return (route->flags & (ROUTE_NO_KEYS | ROUTE_SESSION)) == 0 && route->resources != 0;
}

static bool writes(const struct http_route *route)
{
    return route->method != HTTP_GET;
}

/* The resources of `needed` for which an API key lacks the right. */
static unsigned lacking(const struct caller *caller, unsigned needed, bool write)
{
    return needed & ~resource_granted(json_object_get(caller->known, "rights"), write);
}

/* What a member of a route's body needs; `member` NULL: what the route needs. */
static unsigned needed_by(const struct http_route *route, const struct request_member *member)
{
    return member != NULL && member->resources != 0 ? member->resources : route->resources;
}

/* Can the API key set a member that has resources of its own? */
static bool key_has_member(const struct http_route *route, const struct caller *caller)
{
    for (const struct request_member *member = route->body; member != NULL && member->name != NULL;
         member++) {
        if (member->resources != 0 && (member->flags & REQUEST_NO_KEYS) == 0 &&
            lacking(caller, member->resources, true) == 0) {
            return true;
        }
    }
    return false;
}

static void check_key(const struct http_route *route, const struct caller *caller,
                      struct caller_rights *rights)
{
    if (!caller_rights_keys(route)) {
        rights->verdict = RIGHTS_NO_KEYS;
    } else if (lacking(caller, route->resources, writes(route)) == 0) {
        rights->verdict = RIGHTS_ALLOWED;
    } else if (key_has_member(route, caller)) {
        rights->verdict = RIGHTS_ALLOWED;
        rights->members_only = true;
    } else {
        rights->verdict = RIGHTS_KEY;
    }
}

/* ---- verdicts ------------------------------------------------------------------------------ */

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
    } else if ((route->flags & ROUTE_SITE) != 0 &&
               json_is_array(json_object_get(caller->known, "reach"))) {
        rights.verdict = RIGHTS_REACH;
    } else if ((route->flags & ROUTE_SESSION) != 0 && caller->kind != CALLER_SESSION) {
        rights.verdict = RIGHTS_NO_SESSION;
    } else if (caller->kind == CALLER_API_KEY) {
        check_key(route, caller, &rights);
    } else if ((route->flags & ROUTE_FRESH) != 0 && !caller->fresh) {
        rights.verdict = RIGHTS_STALE;
    }
    return rights;
}

static enum caller_rights_verdict check_key_member(const struct caller_rights_case *asked,
                                                   const struct request_member *member)
{
    if ((member->flags & REQUEST_NO_KEYS) != 0) {
        return RIGHTS_NO_KEYS;
    }
    return lacking(asked->caller, needed_by(asked->route, member), writes(asked->route)) == 0
               ? RIGHTS_ALLOWED
               : RIGHTS_KEY;
}

enum caller_rights_verdict caller_rights_member(const struct caller_rights_case *asked,
                                                const struct request_member *member)
{
    const struct caller *caller = asked->caller;
    unsigned mine = asked->rights.self_only ? (unsigned)ROLE_SELF : bit_of(caller->role);

    if (member->roles != 0 && (member->roles & mine) == 0) {
        return RIGHTS_ROLE;
    }
    if (caller->kind == CALLER_API_KEY) {
        return check_key_member(asked, member);
    }
    return (member->flags & REQUEST_SENSITIVE) != 0 && !caller->fresh ? RIGHTS_STALE
                                                                      : RIGHTS_ALLOWED;
}

/* ---- refusals ------------------------------------------------------------------------------ */

/* A member of a body that a caller wants to set. */
struct wanted {
    const struct request_member *member;
    const char *name; /* for people: "role", "class of line 7"; NULL: the route itself is wanted */
};

static const struct wanted wanted_route = {NULL, NULL};

static const char *role_detail(const struct caller_rights_case *asked, const char *name,
                               struct arena *arena)
{
    const char *role = caller_role_word(asked->caller->role);

    if (name == NULL) {
        return arena_printf(arena, "the role %s may not do this", role);
    }
    return arena_printf(arena, "the role %s may not set %s%s", role, name,
                        asked->rights.self_only ? " of its own account" : "");
}

static const char *key_detail(const struct caller_rights_case *asked, const struct wanted *wanted,
                              struct arena *arena)
{
    const struct http_route *route = asked->route;
    unsigned needed = needed_by(route, wanted->member);
    const char *right =
        arena_printf(arena, "%s:%s", resource_word(lacking(asked->caller, needed, writes(route))),
                     resource_access(writes(route)));

    if (wanted->name == NULL) {
        return arena_printf(arena, "%s lacks the right %s", asked->caller->name, right);
    }
    return arena_printf(arena, "%s lacks the right %s, which %s needs", asked->caller->name, right,
                        wanted->name);
}

static const char *no_keys_detail(const char *name, struct arena *arena)
{
    return name == NULL ? "no API key may do this"
                        : arena_printf(arena, "no API key may set %s", name);
}

static const char *stale_detail(const char *name, struct arena *arena)
{
    if (name == NULL) {
        return "this needs a password that was given in the last minutes";
    }
    return arena_printf(arena, "%s needs a password that was given in the last minutes", name);
}

static const struct problem *refusal(const struct caller_rights_case *asked,
                                     enum caller_rights_verdict verdict,
                                     const struct wanted *wanted, struct arena *arena)
{
    switch (verdict) {
    case RIGHTS_ALLOWED:
        return NULL;
    case RIGHTS_NOBODY:
        return problem_new(
            arena, PROBLEM_UNAUTHORIZED, "nobody is signed in, or the sign-in has ended",
            "Sign in, present an API key, or use the administrator's socket as root.");
    case RIGHTS_ROLE:
        return problem_new(arena, PROBLEM_FORBIDDEN, role_detail(asked, wanted->name, arena),
                           "Ask an administrator.");
    case RIGHTS_KEY:
        return problem_new(arena, PROBLEM_FORBIDDEN, key_detail(asked, wanted, arena),
                           "Make an API key that has it.");
    case RIGHTS_NO_KEYS:
        return problem_new(arena, PROBLEM_FORBIDDEN, no_keys_detail(wanted->name, arena),
                           "Sign in, or use the administrator's socket.");
    case RIGHTS_REACH:
        return problem_new(arena, PROBLEM_FORBIDDEN, "only a caller who reaches the whole site may",
                           "Ask an administrator of the site.");
    case RIGHTS_NO_SESSION:
        return problem_new(arena, PROBLEM_FORBIDDEN, "only a signed-in user can do this",
                           "Sign in with a password.");
    case RIGHTS_STALE:
        return problem_new(arena, PROBLEM_FRESH_SIGN_IN_REQUIRED, stale_detail(wanted->name, arena),
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
    return refusal(asked, asked->rights.verdict, &wanted_route, arena);
}

/* ---- bodies -------------------------------------------------------------------------------- */

/* An object of a body: the body itself, or an item of a list. */
struct part {
    const struct request_member *members; /* an object may have unknown members beside these */
    const json_t *object;
    const char *place; /* "line 7"; NULL: the body itself */
};

static const struct problem *check_part(const struct caller_rights_case *asked,
                                        const struct part *part, struct arena *arena);

/* The items of a list, each called by its line, or else by its place in the list. */
static const struct problem *check_items(const struct caller_rights_case *asked,
                                         const struct request_member *list, const json_t *items,
                                         struct arena *arena)
{
    const struct problem *problem = NULL;
    size_t index;
    json_t *item;

    json_array_foreach((json_t *)items, index, item)
    {
        const json_t *line = json_object_get(item, "line");
        const struct part part = {
            .members = list->members,
            .object = item,
            .place = json_is_integer(line)
                         ? arena_printf(arena, "line %lld", (long long)json_integer_value(line))
                         : arena_printf(arena, "%s[%zu]", list->name, index),
        };

        problem = check_part(asked, &part, arena);
        if (problem != NULL) {
            break;
        }
    }
    return problem;
}

static const struct problem *check_part(const struct caller_rights_case *asked,
                                        const struct part *part, struct arena *arena)
{
    const struct problem *problem = NULL;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)part->object, name, value)
    {
        const struct request_member *member = request_schema_find(part->members, name);

        if (member == NULL) {
            continue;
        }

        const struct wanted wanted = {
            .member = member,
            .name = part->place == NULL ? name : arena_printf(arena, "%s of %s", name, part->place),
        };

        problem = refusal(asked, caller_rights_member(asked, member), &wanted, arena);
        if (problem == NULL && member->type == REQUEST_OBJECTS && member->members != NULL) {
            problem = check_items(asked, member, value, arena);
        }
        if (problem != NULL) {
            break;
        }
    }
    return problem;
}

const struct problem *caller_rights_check_body(const struct caller_rights_case *asked,
                                               const json_t *body, struct arena *arena)
{
    const struct part part = {.members = asked->route->body, .object = body};

    if (asked->rights.members_only && json_object_size(body) == 0) {
        return refusal(asked, RIGHTS_KEY, &wanted_route, arena);
    }
    return check_part(asked, &part, arena);
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
