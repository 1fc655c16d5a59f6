/* What the API answers of the audit. */
#include "api/members.h"
#include "api/words.h"

static const char *const classes[] = {"change", "login", NULL};

static const struct response_member audit_actor[] = {
    {.name = "kind",
     .meaning = "What the actor was: host, session, api-key, none, authd, or client of a login."},
    {.name = "name", .flags = RESPONSE_NULLABLE, .meaning = "The name of the actor for people."},
    {.name = "login", .flags = RESPONSE_NULLABLE, .meaning = "The login of the actor."},
    {.name = "user_id", .flags = RESPONSE_NULLABLE, .meaning = "The user id of the actor."},
    {.name = "role", .flags = RESPONSE_NULLABLE, .meaning = "The role of the actor."},
    {.name = "credential",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The credential that the actor used."},
    {.name = "client",
     .flags = RESPONSE_NULLABLE | RESPONSE_SOMETIMES,
     .meaning = "The client address of the actor."},
    {0},
};

const struct response_schema response_audit_actor = {"audit-actor", "Who acted.", audit_actor};

static const struct response_member audit_object[] = {
    {.name = "kind",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The kind of the object that was changed."},
    {.name = "id", .flags = RESPONSE_NULLABLE, .meaning = "The id of the object that was changed."},
    {0},
};

const struct response_schema response_audit_object = {"audit-object", "What was changed.",
                                                      audit_object};

static const struct response_member audit_event[] = {
    {.name = "id", .meaning = "The number of the row, which is never used again."},
    {.name = "time", .type = RESPONSE_TIME, .meaning = "When it happened."},
    {.name = "class",
     .words = classes,
     .meaning = "Whether the row is of a change or a login, which are kept for different times."},
    {.name = "action", .meaning = "What was done, such as login or user_add."},
    {.name = "outcome",
     .flags = RESPONSE_NULLABLE,
     .words = words_outcomes,
     .meaning = "How a login ended; null: the row is of a change."},
    {.name = "reason", .flags = RESPONSE_NULLABLE, .meaning = "Why a login ended like that."},
    {.name = "count",
     .type = RESPONSE_INTEGER,
     .meaning = "How many alike logins of one second the row stands for."},
    {.name = "actor",
     .type = RESPONSE_OBJECT,
     .schema = &response_audit_actor,
     .meaning = "Who acted."},
    {.name = "object",
     .type = RESPONSE_OBJECT,
     .schema = &response_audit_object,
     .meaning = "What was changed."},
    {.name = "user",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The login of the user whom the row concerns, or the name that a login gave."},
    {.name = "user_id",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The id of the user whom the row concerns."},
    {.name = "domain", .flags = RESPONSE_NULLABLE, .meaning = "The domain that the row concerns."},
    {.name = "client",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The client address that it came from."},
    {.name = "peer",
     .flags = RESPONSE_NULLABLE,
     .meaning = "Who was at the other end of authd's socket."},
    {.name = "via", .flags = RESPONSE_NULLABLE, .meaning = "How a change came: ctl, api or page."},
    {.name = "service",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The service that a login was for, such as smtp."},
    {.name = "mechanism",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The SASL mechanism of a login, such as PLAIN."},
    {.name = "front",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The protocol that a login came by, such as dovecot."},
    {.name = "tls",
     .type = RESPONSE_BOOLEAN,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The connection of the mail client was encrypted."},
    {.name = "reference",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The word under which authd's log and a refusal name the request."},
    {.name = "before",
     .type = RESPONSE_OBJECT,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The members that differ, as they were; null: the object is new."},
    {.name = "after",
     .type = RESPONSE_OBJECT,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The members that differ, as they became; null: the object is gone."},
    {.name = "details",
     .type = RESPONSE_OBJECT,
     .flags = RESPONSE_NULLABLE,
     .meaning = "What authd says of a row that it wrote by itself."},
    {.name = "erased",
     .type = RESPONSE_BOOLEAN,
     .meaning = "The row was about a person who was erased."},
    MEMBER_KIND("audit-event"),
    {0},
};

const struct response_schema response_audit_event = {
    "audit-event", "A row of the audit: a change, or a login.", audit_event};

static const struct response_member audit_flaw[] = {
    {.name = "kind", .meaning = "What is wrong, such as changed, missing or tag-wrong."},
    {.name = "row",
     .type = RESPONSE_INTEGER,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The number of the row that is wrong."},
    {.name = "seal",
     .type = RESPONSE_INTEGER,
     .flags = RESPONSE_NULLABLE,
     .meaning = "The number of the seal that shows the flaw."},
    {.name = "detail", .meaning = "What is wrong, in one sentence."},
    {0},
};

const struct response_schema response_audit_flaw = {
    "audit-flaw", "What is wrong with a row, a seal or an entry of the queue.", audit_flaw};

static const struct response_member audit_report[] = {
    {.name = "verified", .type = RESPONSE_BOOLEAN, .meaning = "No flaw was found."},
    {.name = "complete", .type = RESPONSE_BOOLEAN, .meaning = "Everything was checked."},
    {.name = "seals", .type = RESPONSE_INTEGER, .meaning = "How many seals were checked."},
    {.name = "rows", .type = RESPONSE_INTEGER, .meaning = "How many rows were checked."},
    {.name = "erased",
     .type = RESPONSE_INTEGER,
     .meaning = "How many rows are about people who were erased."},
    {.name = "expired", .type = RESPONSE_INTEGER, .meaning = "How many rows are no longer kept."},
    {.name = "unsealed",
     .type = RESPONSE_INTEGER,
     .meaning = "How many rows are younger than a seal and not yet protected."},
    {.name = "flaws",
     .type = RESPONSE_OBJECTS,
     .schema = &response_audit_flaw,
     .meaning = "What is wrong."},
    {.name = "more_flaws", .type = RESPONSE_INTEGER, .meaning = "How many flaws are not listed."},
    {.name = "anchor",
     .flags = RESPONSE_NULLABLE,
     .meaning = "The number and MAC of the last seal that was checked; null: there was none."},
    {.name = "next",
     .flags = RESPONSE_NULLABLE,
     .meaning = "Where the check goes on, as `after` of the next request; null: at the end."},
    MEMBER_KIND("audit-report"),
    {0},
};

const struct response_schema response_audit_report = {
    "audit-report", "What a check of the audit has found.", audit_report};
