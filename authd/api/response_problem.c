/* What the API answers of refusals. */
#include "api/members.h"

static const struct response_member field_error[] = {
    {.name = "field", .meaning = "The name of the member or parameter."},
    {.name = "detail", .meaning = "What is wrong with its value."},
    {0},
};

const struct response_schema response_field_error = {
    "field-error", "A member or parameter that breaks a rule.", field_error};

static const struct response_member problem[] = {
    {.name = "type", .meaning = "The type of the problem, a stable word for programs."},
    {.name = "title", .meaning = "The type of the problem in words."},
    {.name = "status", .type = RESPONSE_INTEGER, .meaning = "The HTTP status."},
    {.name = "detail", .meaning = "What happened, in one sentence."},
    {.name = "hint", .flags = RESPONSE_SOMETIMES, .meaning = "What to do."},
    {.name = "errors",
     .type = RESPONSE_OBJECTS,
     .flags = RESPONSE_SOMETIMES,
     .schema = &response_field_error,
     .meaning = "The members and parameters that break a rule."},
    {.name = "reference", .meaning = "The word under which authd's log has the request."},
    {0},
};

const struct response_schema response_problem = {"problem", "A refusal (RFC 9457).", problem};
