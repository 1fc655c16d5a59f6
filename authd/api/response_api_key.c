/* What the API answers of API keys. */
#include "api/members.h"

static const struct response_member api_key[] = {
    {.name = "id", .meaning = "The id of the API key, which is never used again."},
    {.name = "label", .meaning = "What the API key is for."},
    {.name = "rights",
     .type = RESPONSE_TEXTS,
     .meaning = "What the API key may: RESOURCE:read or RESOURCE:write; * is every resource."},
    {.name = "domains",
     .type = RESPONSE_TEXTS,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The only domains that the API key reaches; null: as far as its owner."},
    {.name = "user",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The login of the owner; null: the API key was made on authd's machine."},
    {.name = "user_id",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The id of the owner; null: the API key was made on authd's machine."},
    {.name = "domain", .flags = RESPONSE_NULLABLE, .meaning = "The domain of the owner."},
    {.name = "expires_at", .type = RESPONSE_TIME, .meaning = "When the API key ends."},
    {.name = "last_used_at",
     .type = RESPONSE_TIME,
     .flags = RESPONSE_NULLABLE,
     .meaning = "When the last call with the API key came."},
    {.name = "last_used_address",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The client address of the last call."},
    {.name = "created_at", .type = RESPONSE_TIME, .meaning = "When the API key was made."},
    {.name = "expired",
     .type = RESPONSE_BOOLEAN,
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The API key has ended."},
    {.name = "secret",
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The API key itself, only in the answer that makes it."},
    MEMBER_KIND("api-key"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_api_key = {
    "api-key", "A key by which a program calls the API.", api_key};
