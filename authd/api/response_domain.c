/* What the API answers of domains. */
#include "api/members.h"
#include "api/words.h"

static const struct response_member domain[] = {
    {.name = "name", .meaning = "The name of the domain; authd keeps its canonical form."},
    {.name = "id", .meaning = "The id of the domain, which never changes."},
    {.name = "description", .flags = RESPONSE_NULLABLE, .meaning = "What the domain is for."},
    {.name = "recipient_delimiter",
     .flags = RESPONSE_NULLABLE,
     .words = words_delimiters,
     .meaning = "What begins an address extension; null: there are no extensions."},
    {.name = "second_factor",
     .flags = RESPONSE_NULLABLE,
     .words = words_policies,
     .meaning = "Whether users of the domain need a second factor; null: the site decides."},
    {.name = "second_factor_from",
     .type = RESPONSE_TIME,
     .flags = RESPONSE_NULLABLE,
     .meaning = "Until then a second factor that the domain requires is optional."},
    {.name = "created_at", .type = RESPONSE_TIME, .meaning = "When the domain was added."},
    {.name = "domain", .meaning = "The name again, as every object within a domain has it."},
    {.name = "users",
     .type = RESPONSE_INTEGER,
     .flags = RESPONSE_SOMETIMES,
     .meaning = "In the answer to a change: how many users of the domain are concerned."},
    {.name = "skipped",
     .type = RESPONSE_TEXTS,
     .flags = RESPONSE_SOMETIMES,
     .meaning = "In the answer to a change: the users that the caller may not change."},
    MEMBER_ENDED,
    MEMBER_KIND("domain"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_domain = {"domain", "A mail domain that has users.", domain};
