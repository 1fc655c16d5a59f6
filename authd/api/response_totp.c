/* What the API answers of second factors. */
#include "api/members.h"
#include "api/words.h"

/* clang-format off */
#define MEMBERS_OWNER                                                                              \
    {.name = "user", .meaning = "The login of the user."},                                         \
    {.name = "user_id", .meaning = "The id of the user."},                                         \
    {.name = "id", .meaning = "The id of the user again: a user has one second factor."},          \
    {.name = "domain", .meaning = "The domain of the user."}
/* clang-format on */

static const struct response_member totp[] = {
    MEMBERS_OWNER,
    {.name = "enrolled",
     .type = RESPONSE_BOOLEAN,
     .meaning = "The user has a second factor, which counts."},
    {.name = "algorithm",
     .flags = RESPONSE_NULLABLE,
     .words = words_algorithms,
     .meaning = "The hash algorithm of the codes."},
    {.name = "digits",
     .type = RESPONSE_INTEGER,
     .flags = RESPONSE_NULLABLE,
     .meaning = "How many digits a code has."},
    {.name = "period",
     .type = RESPONSE_INTEGER,
     .flags = RESPONSE_NULLABLE,
     .meaning = "For how many seconds the app displays a code."},
    {.name = "confirmed_at",
     .type = RESPONSE_TIME,
     .flags = RESPONSE_NULLABLE,
     .meaning = "Since when the second factor counts."},
    {.name = "recovery_codes",
     .type = RESPONSE_INTEGER,
     .meaning = "How many recovery codes are left."},
    {.name = "pending_until",
     .type = RESPONSE_TIME,
     .flags = RESPONSE_NULLABLE,
     .meaning = "Until when an enrolment waits for its code; null: there is no enrolment."},
    {.name = "last_used_at",
     .type = RESPONSE_TIME,
     .flags = RESPONSE_NULLABLE,
     .meaning = "When the last good code came."},
    {.name = "locked_until",
     .type = RESPONSE_TIME,
     .flags = RESPONSE_NULLABLE,
     .meaning = "Until when no code is taken, after wrong ones; null: codes are taken."},
    {.name = "recovery_codes_made",
     .type = RESPONSE_BOOLEAN,
     .flags = RESPONSE_SOMETIMES,
     .meaning = "In the answer to a first enrolment: recovery codes were made."},
    {.name = "codes",
     .type = RESPONSE_TEXTS,
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The new recovery codes, answered once."},
    MEMBER_ENDED,
    MEMBER_KIND("totp"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_totp = {"totp", "The second factor of a user.", totp};

static const struct response_member totp_enrolment[] = {
    MEMBERS_OWNER,
    {.name = "algorithm",
     .words = words_algorithms,
     .meaning = "The hash algorithm of the codes; SHA1 is the only one that every app knows."},
    {.name = "digits", .type = RESPONSE_INTEGER, .meaning = "How many digits a code has, 6 or 8."},
    {.name = "period",
     .type = RESPONSE_INTEGER,
     .meaning = "For how many seconds the app displays a code."},
    {.name = "expires_at",
     .type = RESPONSE_TIME,
     .meaning = "Until when a code can confirm the enrolment."},
    {.name = "replaces",
     .type = RESPONSE_BOOLEAN,
     .meaning = "The user has a second factor, which the enrolment would replace."},
    {.name = "secret",
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The key of the codes in base32, to be typed into the app; answered once."},
    {.name = "uri",
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The key as otpauth://totp/ URI, which the QR code holds; answered once."},
    {.name = "qr",
     .type = RESPONSE_TEXTS,
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The QR code from the top, rows of 0 (light) and 1 (dark), without the quiet "
                "zone; answered once."},
    MEMBER_KIND("totp-enrolment"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_totp_enrolment = {
    "totp-enrolment", "A second factor that counts once a code has confirmed it.", totp_enrolment};

static const struct response_member totp_ticket[] = {
    MEMBERS_OWNER,
    {.name = "expires_at", .type = RESPONSE_TIME, .meaning = "Until when the ticket is good."},
    {.name = "secret",
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The ticket that the user gives to enrol; answered once."},
    MEMBER_KIND("totp-ticket"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_totp_ticket = {
    "totp-ticket", "A permission to enrol a second factor, once.", totp_ticket};

static const struct response_member recovery_codes[] = {
    MEMBERS_OWNER,
    {.name = "count", .type = RESPONSE_INTEGER, .meaning = "How many recovery codes there are."},
    {.name = "created_at", .type = RESPONSE_TIME, .meaning = "When the recovery codes were made."},
    {.name = "codes",
     .type = RESPONSE_TEXTS,
     .flags = RESPONSE_SOMETIMES,
     .meaning = "The recovery codes, answered once; each is good once."},
    MEMBER_KIND("recovery-codes"),
    MEMBER_ETAG,
    MEMBERS_CHANGE,
    {0},
};

const struct response_schema response_recovery_codes = {
    "recovery-codes", "Codes for a user who has lost the phone.", recovery_codes};
