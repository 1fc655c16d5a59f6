/* What the API answers of sessions and callers. */
#include "api/members.h"
#include "api/words.h"

static const char *const caller_kinds[] = {"host", "session", "api-key", NULL};
static const char *const caller_roles[] = {"user", "helpdesk", "domain-admin", "auditor", "admin",
                                           "host", NULL};

static const struct response_member session[] = {
    {.name = "id", .meaning = "The id of the session, which is never used again."},
    {.name = "user", .meaning = "The login of the user who is signed in."},
    {.name = "user_id", .meaning = "The id of the user who is signed in."},
    {.name = "domain", .meaning = "The domain of the user."},
    {.name = "client",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The client address that the sign-in came from."},
    {.name = "agent", .flags = RESPONSE_NULLABLE, .meaning = "What the browser calls itself."},
    {.name = "created_at", .type = RESPONSE_TIME, .meaning = "When the user signed in."},
    {.name = "last_seen_at",
     .type = RESPONSE_TIME,
     .meaning = "When the last request of the session came."},
    {.name = "fresh_until",
     .type = RESPONSE_TIME,
     .meaning = "Until when the session may do what needs a fresh sign-in."},
    {.name = "factor",
     .flags = RESPONSE_NULLABLE,
     .words = words_factors,
     .meaning = "The second factor that came with the password; null: none."},
    {.name = "must_enrol",
     .type = RESPONSE_BOOLEAN,
     .meaning = "The session is good for enrolling a second factor only."},
    {.name = "expires_at",
     .type = RESPONSE_TIME,
     .meaning = "When the session ends at the latest."},
    {.name = "current",
     .type = RESPONSE_BOOLEAN,
     .flags = RESPONSE_SOMETIMES,
     .meaning = "In a list: the session of the caller."},
    MEMBER_KIND("session"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_session = {"session", "A signed-in browser.", session};

static const struct response_member caller[] = {
    {.name = "kind", .words = caller_kinds, .meaning = "How the caller proved who he is."},
    {.name = "name", .meaning = "The name of the caller for people, as in the audit."},
    {.name = "user",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The login of the caller; null: the caller has no account."},
    {.name = "user_id",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The user id of the caller; null: the caller has no account."},
    {.name = "role", .words = caller_roles, .meaning = "The role of the caller."},
    {.name = "domains",
     .type = RESPONSE_TEXTS,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The domains that the caller reaches; null: the whole site."},
    {.name = "rights",
     .type = RESPONSE_TEXTS,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The rights of the API key; null: all of the role."},
    {.name = "session", .flags = RESPONSE_NULLABLE, .meaning = "The id of the session."},
    {.name = "fresh",
     .type = RESPONSE_BOOLEAN,
     .meaning = "The caller may do what needs a fresh sign-in."},
    {.name = "fresh_until",
     .type = RESPONSE_TIME,
     .flags = RESPONSE_NULLABLE,
     .meaning = "Until when the session is fresh; null: the caller has no session."},
    {.name = "factor",
     .flags = RESPONSE_NULLABLE,
     .words = words_factors,
     .meaning = "The second factor that came with the password; null: none."},
    {.name = "must_enrol",
     .type = RESPONSE_BOOLEAN,
     .meaning = "The session is good for enrolling a second factor only."},
    {0},
};

const struct response_schema response_caller = {"caller", "Who calls, and what he may.", caller};

static const struct response_member signed_out[] = {
    {.name = "changed", .type = RESPONSE_BOOLEAN, .meaning = "The session has ended."},
    {0},
};

const struct response_schema response_signed_out = {"signed-out", "A session that has ended.",
                                                    signed_out};
