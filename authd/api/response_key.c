/* What the API answers of the keys of the key files. */
#include "api/members.h"

static const char *const purposes[] = {"pepper", "encryption", "audit", NULL};

static const struct response_member key[] = {
    {.name = "id",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The name of the key, made of its hash; null: a dry run makes no key."},
    {.name = "purpose",
     .words = purposes,
     .meaning = "What the key is for, which is the name of its key file."},
    {.name = "current",
     .type = RESPONSE_BOOLEAN,
     .meaning = "Everything new is made with the key."},
    {.name = "count",
     .type = RESPONSE_INTEGER,
     .flags = RESPONSE_NULLABLE,
     .meaning = "How many rows need the key, up to 100000; null: a key of the audit."},
    {.name = "more",
     .type = RESPONSE_BOOLEAN,
     .meaning = "More rows need the key than are counted."},
    {.name = "created_at",
     .type = RESPONSE_TIME,
     .meaning = "Since when the database knows the key."},
    MEMBER_KIND("key"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_key = {"key", "A key that is kept outside the database.",
                                             key};
