/* What the API answers of the site and of the state of authd. */
#include "api/members.h"
#include "api/words.h"

static const struct response_member submission[] = {
    {.name = "host", .meaning = "The host that mail clients send through."},
    {.name = "port",
     .type = RESPONSE_INTEGER,
     .meaning = "The port on the host; 465 begins with TLS, others by STARTTLS."},
    {0},
};

const struct response_schema response_submission = {
    "submission", "The server that mail clients send through.", submission};

static const struct response_member password_rules[] = {
    {.name = "min_length",
     .type = RESPONSE_INTEGER,
     .meaning = "How many characters a password has at least."},
    {.name = "min_length_with_factor",
     .type = RESPONSE_INTEGER,
     .meaning = "How many characters the password of a user with a second factor has at least."},
    {.name = "min_score",
     .type = RESPONSE_INTEGER,
     .meaning = "How hard a password is to guess at least: 0 to 4, as zxcvbn counts."},
    {0},
};

const struct response_schema response_password_rules = {
    "password-rules", "What a new main password must be like.", password_rules};

static const struct response_member factor_rules[] = {
    {.name = "policy",
     .words = words_policies,
     .meaning = "Whether users of the site need a second factor."},
    {.name = "inline_codes",
     .type = RESPONSE_BOOLEAN,
     .meaning = "Mail clients may send a code behind the password."},
    {0},
};

const struct response_schema response_factor_rules = {
    "factor-rules", "What holds for second factors on the site.", factor_rules};

static const struct response_member site[] = {
    {.name = "public_url",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The URL by which browsers reach the site."},
    {.name = "default_domain",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The domain of a login without one."},
    {.name = "submission",
     .type = RESPONSE_OBJECT,
     .flags = RESPONSE_NULLABLE,
     .schema = &response_submission,
     .meaning = "The server that mail clients send through."},
    {.name = "password",
     .type = RESPONSE_OBJECT,
     .schema = &response_password_rules,
     .meaning = "What a new main password must be like."},
    {.name = "second_factor",
     .type = RESPONSE_OBJECT,
     .schema = &response_factor_rules,
     .meaning = "What holds for second factors."},
    {.name = "version", .meaning = "The version of authd."},
    {0},
};

const struct response_schema response_site = {
    "site", "What users and programs need to know of the site.", site};

static const char *const states[] = {"up", "ready", NULL};

static const struct response_member status[] = {
    {.name = "status",
     .words = states,
     .meaning = "up: the process answers; ready: the database answers too."},
    {0},
};

const struct response_schema response_status = {"status", "How authd is.", status};
