/* What the API answers of classes of users. */
#include "api/members.h"

static const struct response_member class[] = {
    {.name = "name", .meaning = "The name of the class: a-z, 0-9 and -."},
    {.name = "id", .meaning = "The id of the class, which never changes."},
    {.name = "description", .flags = RESPONSE_NULLABLE, .meaning = "What the class is for."},
    {.name = "created_at", .type = RESPONSE_TIME, .meaning = "When the class was added."},
    MEMBER_KIND("class"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_class = {
    "class", "A class of users, for whom one sending scope holds.", class};
