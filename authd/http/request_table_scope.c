/* The shape of a sending scope document, for /openapi.json. scope/scope alone decides which
 * documents are taken, and names each flaw by its place in the document. */
#include "http/request_table.h"
#include "scope/scope.h"

#define PATTERN_LIST(flag)                                                                         \
    .type = REQUEST_TEXTS, .flags = (flag), .max = SCOPE_PATTERNS_MAX,                             \
    .item_max = REQUEST_ADDRESS_MAX
#define WORD_LIST                                                                                  \
    .type = REQUEST_TEXTS, .max = SCOPE_WORDS_MAX, .item_max = SCOPE_WORD_MAX,                     \
    .pattern = "^[A-Za-z0-9_-]+$"
#define MOMENT .type = REQUEST_TIME, .flags = REQUEST_NULLABLE, .pattern = "^[^.]+$"
#define CLOCK  .flags = REQUEST_REQUIRED, .min = 5, .max = 5

static const char *const modes[] = {"enforce", "monitor", NULL};
static const char *const aligns[] = {"none", "domain", "envelope", NULL};
static const char *const counts[] = {"messages", "recipients", "new_recipients", "bytes", NULL};
static const char *const ofs[] = {"each", "all", NULL};

static const struct request_member envelope_from[] = {
    {.name = "allow",
     PATTERN_LIST(REQUEST_REQUIRED),
     .description = "Patterns of the addresses that may stand after MAIL FROM."},
    {.name = "null_sender",
     .type = REQUEST_BOOLEAN,
     .description = "Whether the empty address <> may stand after MAIL FROM."},
    {0},
};

static const struct request_member header_from[] = {
    {.name = "allow",
     PATTERN_LIST(REQUEST_REQUIRED),
     .description = "Patterns of the addresses that may stand in From."},
    {.name = "align",
     .max = 8,
     .words = aligns,
     .description = "What the address in From shares with the one after MAIL FROM: nothing, its "
                    "domain or everything."},
    {0},
};

static const struct request_member recipients[] = {
    {.name = "allow", PATTERN_LIST(0), .description = "Patterns of the only recipients."},
    {.name = "deny",
     PATTERN_LIST(0),
     .description = "Patterns of recipients who are refused, even where allow has them."},
    {0},
};

static const struct request_member networks[] = {
    {.name = "allow",
     .type = REQUEST_TEXTS,
     .flags = REQUEST_REQUIRED,
     .max = SCOPE_NETWORKS_MAX,
     .item_max = 49, /* six groups, an IPv4 address, and a prefix length */
     .description = "The networks that a sign-in may come from, such as 192.0.2.0/24."},
    {0},
};

static const struct request_member tls[] = {
    {.name = "required",
     .type = REQUEST_BOOLEAN,
     .flags = REQUEST_REQUIRED,
     .description = "Whether the mail client must use TLS."},
    {0},
};

static const struct request_member window[] = {
    {.name = "days",
     .flags = REQUEST_REQUIRED,
     .min = 3,
     .max = SCOPE_DAYS_MAX,
     .pattern = "^[A-Za-z]{3}(-[A-Za-z]{3})?(,[A-Za-z]{3}(-[A-Za-z]{3})?)*$",
     .description = "English days of three letters, alone or as ranges: mon-fri,sun."},
    {.name = "from",
     CLOCK,
     .pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
     .description = "When the window opens, such as 07:00."},
    {.name = "to",
     CLOCK,
     .pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
     .description = "When the window closes, such as 19:00 or 24:00."},
    {0},
};

static const struct request_member times[] = {
    {.name = "tz",
     .flags = REQUEST_REQUIRED,
     .min = 1,
     .max = SCOPE_TZ_MAX,
     .pattern = "^[A-Za-z0-9/_+-]+$",
     .description = "The time zone of the windows, such as Europe/Berlin."},
    {.name = "windows",
     .type = REQUEST_OBJECTS,
     .flags = REQUEST_REQUIRED,
     .max = SCOPE_WINDOWS_MAX,
     .members = window,
     .description = "The windows of time in which sign-ins are allowed."},
    {0},
};

static const struct request_member rate[] = {
    {.name = "count",
     .flags = REQUEST_REQUIRED,
     .max = 16,
     .words = counts,
     .description = "What is counted."},
    {.name = "n",
     .type = REQUEST_INTEGER,
     .flags = REQUEST_REQUIRED,
     .min = 1,
     .max = SCOPE_RATE_N_MAX,
     .description = "How many there may be."},
    {.name = "per",
     .flags = REQUEST_REQUIRED,
     .min = 2,
     .max = 8,
     .pattern = "^[1-9][0-9]*[smhd]$",
     .description = "In which time, such as 30s, 5m, 12h or 90d."},
    {.name = "of",
     .max = 4,
     .words = ofs,
     .description = "Whether each user is counted alone, or all together."},
    {0},
};

const struct request_member request_scope[] = {
    {.name = "v",
     .type = REQUEST_INTEGER,
     .flags = REQUEST_REQUIRED,
     .min = 1,
     .max = 1,
     .description = "The version of the document."},
    {.name = "mode",
     .max = 8,
     .words = modes,
     .description = "Whether the document refuses, or only logs what it would refuse."},
    {.name = "monitor_until",
     MOMENT,
     .description = "When monitoring ends and the document holds: at most 30 days ahead, required "
                    "with mode monitor, and refused without this mode."},
    {.name = "envelope_from",
     .type = REQUEST_OBJECT,
     .members = envelope_from,
     .description = "The addresses that may stand after MAIL FROM."},
    {.name = "header_from",
     .type = REQUEST_OBJECT,
     .members = header_from,
     .description = "The addresses that may stand in From."},
    {.name = "recipients",
     .type = REQUEST_OBJECT,
     .min = 1,
     .members = recipients,
     .description = "The addresses that may be written to."},
    {.name = "networks",
     .type = REQUEST_OBJECT,
     .members = networks,
     .description = "Where a sign-in may come from."},
    {.name = "tls",
     .type = REQUEST_OBJECT,
     .members = tls,
     .description = "Whether a sign-in needs TLS."},
    {.name = "mechanisms", WORD_LIST, .description = "The only SASL mechanisms."},
    {.name = "services", WORD_LIST, .description = "The only services, such as smtp."},
    {.name = "time",
     .type = REQUEST_OBJECT,
     .members = times,
     .description = "When a sign-in is allowed."},
    {.name = "not_before", MOMENT, .description = "From when sign-ins are allowed; null: at once."},
    {.name = "expires", MOMENT, .description = "Until when sign-ins are allowed; null: for ever."},
    {.name = "max_size",
     .type = REQUEST_INTEGER,
     .min = 1,
     .max = SCOPE_SIZE_LIMIT_MAX,
     .description = "How many octets a message may have."},
    {.name = "max_recipients",
     .type = REQUEST_INTEGER,
     .min = 1,
     .max = SCOPE_RECIPIENTS_MAX,
     .description = "How many recipients a message may have."},
    {.name = "rates",
     .type = REQUEST_OBJECTS,
     .max = SCOPE_RATES_MAX,
     .members = rate,
     .description = "How much may be sent in a time."},
    {0},
};
