/* Members that several response schemas have. */
#ifndef API_MEMBERS_H
#define API_MEMBERS_H

#include <stddef.h>

#include "api/response_schema.h"

/* clang-format off */
#define MEMBER_KIND(WORD)                                                                          \
    {.name = "kind", .meaning = "The kind of object: " WORD "."}

#define MEMBER_ETAG                                                                                \
    {.name = "etag",                                                                               \
     .meaning = "Names this state of the object; If-Match takes it to change no other state."}

/* Members of every answer to a change. */
#define MEMBERS_CHANGE                                                                             \
    {.name = "changed",                                                                            \
     .type = RESPONSE_BOOLEAN,                                                                     \
     .flags = RESPONSE_SOMETIMES,                                                                  \
     .meaning = "In the answer to a change: whether anything is different now."},                  \
    {.name = "replayed",                                                                           \
     .type = RESPONSE_BOOLEAN,                                                                     \
     .flags = RESPONSE_SOMETIMES,                                                                  \
     .meaning = "The request came before under its Idempotency-Key; this is the first answer."}

#define MEMBER_ENDED                                                                               \
    {.name = "ended",                                                                              \
     .type = RESPONSE_OBJECT,                                                                      \
     .flags = RESPONSE_SOMETIMES,                                                                  \
     .schema = &response_ended,                                                                    \
     .meaning = "In the answer to a change: how many credentials the change has ended."}
/* clang-format on */

#endif
