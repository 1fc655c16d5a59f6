/* The shape of a sending scope document, for /openapi.json. What is taken is decided by core/scope
 * alone, which names each flaw by its place in the document. */
#include "core/scope.h"
#include "http/fields.h"

#define PATTERN_LIST(flag) .type = FIELD_TEXTS, .flags = (flag), .max = SCOPE_PATTERNS_MAX
#define MOMENT             .type = FIELD_TIME, .flags = FIELD_NULLABLE

static const char *const modes[] = {"enforce", "monitor", NULL};
static const char *const aligns[] = {"none", "domain", "envelope", NULL};
static const char *const counts[] = {"messages", "recipients", "new_recipients", "bytes", NULL};
static const char *const ofs[] = {"each", "all", NULL};

static const struct field envelope_from[] = {
    {.name = "allow", PATTERN_LIST(FIELD_REQUIRED)},
    {.name = "null_sender", .type = FIELD_BOOLEAN},
    {0},
};

static const struct field header_from[] = {
    {.name = "allow", PATTERN_LIST(FIELD_REQUIRED)},
    {.name = "align", .max = 8, .words = aligns},
    {0},
};

static const struct field recipients[] = {
    {.name = "allow", PATTERN_LIST(0)},
    {.name = "deny", PATTERN_LIST(0)},
    {0},
};

static const struct field networks[] = {
    {.name = "allow", .type = FIELD_TEXTS, .flags = FIELD_REQUIRED, .max = SCOPE_NETWORKS_MAX},
    {0},
};

static const struct field tls[] = {
    {.name = "required", .type = FIELD_BOOLEAN, .flags = FIELD_REQUIRED},
    {0},
};

static const struct field window[] = {
    {.name = "days", .flags = FIELD_REQUIRED, .min = 3, .max = 200},
    {.name = "from", .flags = FIELD_REQUIRED, .min = 5, .max = 5},
    {.name = "to", .flags = FIELD_REQUIRED, .min = 5, .max = 5},
    {0},
};

static const struct field times[] = {
    {.name = "tz", .flags = FIELD_REQUIRED, .min = 1, .max = SCOPE_TZ_MAX},
    {.name = "windows",
     .type = FIELD_OBJECTS,
     .flags = FIELD_REQUIRED,
     .max = SCOPE_WINDOWS_MAX,
     .members = window},
    {0},
};

static const struct field rate[] = {
    {.name = "count", .flags = FIELD_REQUIRED, .max = 16, .words = counts},
    {.name = "n",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .min = 1,
     .max = SCOPE_RATE_N_MAX},
    {.name = "per", .flags = FIELD_REQUIRED, .min = 2, .max = 9},
    {.name = "of", .max = 4, .words = ofs},
    {0},
};

const struct field fields_scope[] = {
    {.name = "v", .type = FIELD_INTEGER, .flags = FIELD_REQUIRED, .min = 1, .max = 1},
    {.name = "mode", .max = 8, .words = modes},
    {.name = "monitor_until", MOMENT},
    {.name = "envelope_from", .type = FIELD_OBJECT, .members = envelope_from},
    {.name = "header_from", .type = FIELD_OBJECT, .members = header_from},
    {.name = "recipients", .type = FIELD_OBJECT, .members = recipients},
    {.name = "networks", .type = FIELD_OBJECT, .members = networks},
    {.name = "tls", .type = FIELD_OBJECT, .members = tls},
    {.name = "mechanisms", .type = FIELD_TEXTS, .max = SCOPE_WORDS_MAX},
    {.name = "services", .type = FIELD_TEXTS, .max = SCOPE_WORDS_MAX},
    {.name = "time", .type = FIELD_OBJECT, .members = times},
    {.name = "not_before", MOMENT},
    {.name = "expires", MOMENT},
    {.name = "max_size", .type = FIELD_INTEGER, .min = 1, .max = SCOPE_SIZE_LIMIT_MAX},
    {.name = "max_recipients", .type = FIELD_INTEGER, .min = 1, .max = SCOPE_RECIPIENTS_MAX},
    {.name = "rates", .type = FIELD_OBJECTS, .max = SCOPE_RATES_MAX, .members = rate},
    {0},
};
