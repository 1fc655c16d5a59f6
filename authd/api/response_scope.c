/* What the API answers of sending scopes. */
#include "api/members.h"
#include "api/words.h"

static const char *const levels[] = {"site", "domain", "class", "user", NULL};

static const struct response_member scope[] = {
    {.name = "id",
     .meaning = "The level and its name: user:12, domain:example.org, class:printers or site."},
    {.name = "level", .words = levels, .meaning = "What the document belongs to."},
    {.name = "user",
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The login of the user, for the level of a user."},
    {.name = "user_id",
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The id of the user, for the level of a user."},
    {.name = "domain",
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The name of the domain, or the domain of the user."},
    {.name = "class",
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The name of the class, for the level of a class."},
    {.name = "document",
     .type = RESPONSE_OBJECT,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The sending scope document in canonical form; null: there is none."},
    {.name = "hash",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The SHA-256 of the document; null: there is none."},
    {.name = "set_by",
     .flags = RESPONSE_NULLABLE,
     .words = words_setters,
     .meaning =
         "Of a user or a domain: the role of the caller who has set the document, which lower "
         "roles cannot change."},
    MEMBER_KIND("scope"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_scope = {
    "scope", "The sending scope document of a user, a domain, a class or the site.", scope};
