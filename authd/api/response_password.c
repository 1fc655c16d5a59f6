/* What the API answers of main passwords and of links that reset them. */
#include "api/members.h"

static const char *const flaws[] = {"too-short",     "too-long",    "own-name", "known-words",
                                    "easy-to-guess", "not-allowed", NULL};

static const struct response_member password_strength[] = {
    {.name = "acceptable", .type = RESPONSE_BOOLEAN, .meaning = "The password would be taken."},
    {.name = "score",
     .type = RESPONSE_INTEGER,
     .meaning = "How hard the password is to guess: 0 to 4, as zxcvbn counts."},
    {.name = "flaws",
     .type = RESPONSE_TEXTS,
     .words = flaws,
     .meaning = "What the password would be refused for."},
    {0},
};

const struct response_schema response_password_strength = {
    "password-strength", "How good a password would be.", password_strength};

static const struct response_member reset_link[] = {
    {.name = "user", .meaning = "The login of the user whom the link is for."},
    {.name = "user_id", .meaning = "The id of the user whom the link is for."},
    {.name = "domain", .meaning = "The domain of the user."},
    {.name = "mailed_to", .meaning = "The recovery address that got the link, masked."},
    {.name = "keep_credentials",
     .type = RESPONSE_BOOLEAN,
     .meaning = "App passwords stay when the link is used."},
    {.name = "expires_at", .type = RESPONSE_TIME, .meaning = "Until when the link works."},
    {.name = "id", .meaning = "The id of the link."},
    MEMBER_KIND("reset-link"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_reset_link = {
    "reset-link", "A link that sets a new password, once.", reset_link};

static const struct response_member reset[] = {
    {.name = "login", .meaning = "The login of the user whose password was set."},
    {.name = "id", .meaning = "The id of the user."},
    {.name = "ended",
     .type = RESPONSE_OBJECT,
     .schema = &response_ended,
     .meaning = "How many credentials of the user have ended."},
    MEMBER_KIND("user"),
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_reset = {
    "reset", "The user whose password was set by a reset link.", reset};
