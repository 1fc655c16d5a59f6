/* What authd's objects are made of. tests/dialogue/test_authctl_json.py compares it with real
 * ones. */
#include "ctl/kind.h"

#include <stddef.h>

#define FIELDS(...)  ((const struct field[]){__VA_ARGS__, {NULL, FORM_TEXT, NULL}})
#define COLUMNS(...) ((const struct column[]){__VA_ARGS__, {NULL, NULL, FORM_TEXT}})

const struct kind kind_user = {
    "user",
    "users",
    "login",
    FIELDS({"login", FORM_TEXT, "the name to log in with, canonical"},
           {"id", FORM_TEXT, "never changes, never used again"},
           {"display_name", FORM_TEXT, "the name people know"},
           {"addresses", FORM_TEXTS, "what the user may send as"},
           {"role", FORM_TEXT, "user, helpdesk, domain-admin, auditor or admin"},
           {"domains", FORM_TEXTS, "besides its own, those a domain-admin or helpdesk looks after"},
           {"class", FORM_TEXT, "the class whose scope holds too"},
           {"service", FORM_BOOLEAN, "a program: it has no main password"},
           {"suspended", FORM_BOOLEAN, "every login is refused"},
           {"suspended_reason", FORM_TEXT, "why"},
           {"suspended_by", FORM_TEXT, "the role of who did it"},
           {"suspended_at", FORM_TIME, "since when"},
           {"second_factor", FORM_TEXT, "who needs one: off, optional or required; null: not said"},
           {"enrolled", FORM_BOOLEAN, "there is a second factor"},
           {"has_password", FORM_BOOLEAN, "there is a main password"},
           {"password_set_at", FORM_TIME, "when it was set"},
           {"password_generation", FORM_NUMBER, "rises whenever it is set, cleared or revoked"},
           {"recovery_address", FORM_TEXT, "where reset links go"},
           {"last_login_at", FORM_TIME, "the last good login, by whatever credential"},
           {"domain", FORM_TEXT, "the login's"}, {"created_at", FORM_TIME, "when it was added"}),
    COLUMNS({"LOGIN", "login", FORM_TEXT}, {"ID", "id", FORM_TEXT},
            {"STATE", "suspended", FORM_STATE}, {"ROLE", "role", FORM_TEXT},
            {"PASSWORD", "has_password", FORM_SET}, {"LAST LOGIN", "last_login_at", FORM_TIME},
            {"ADDRESSES", "addresses", FORM_TEXTS}),
    "authctl user add LOGIN",
};

const struct kind kind_address = {
    "address", "addresses", NULL, NULL, COLUMNS({"ADDRESS", NULL, FORM_TEXT}), NULL,
};

const struct kind kind_domain = {
    "domain",
    "domains",
    "name",
    FIELDS({"name", FORM_TEXT, "canonical"}, {"id", FORM_TEXT, "never changes"},
           {"description", FORM_TEXT, "what it is for"},
           {"recipient_delimiter", FORM_TEXT, "what begins an address extension: + - = or ."},
           {"second_factor", FORM_TEXT, "who needs one: off, optional or required; null: not said"},
           {"second_factor_grace_date", FORM_TIME, "until then required is optional"},
           {"created_at", FORM_TIME, "when it was added"}, {"domain", FORM_TEXT, "its name"}),
    COLUMNS({"DOMAIN", "name", FORM_TEXT}, {"ID", "id", FORM_TEXT},
            {"DELIMITER", "recipient_delimiter", FORM_TEXT},
            {"DESCRIPTION", "description", FORM_TEXT}),
    "authctl domain add DOMAIN",
};

const struct kind kind_class = {
    "class",
    "classes",
    "name",
    FIELDS({"name", FORM_TEXT, "a-z, 0-9 and -"}, {"id", FORM_TEXT, "never changes"},
           {"description", FORM_TEXT, "what it is for"},
           {"created_at", FORM_TIME, "when it was added"}),
    COLUMNS({"CLASS", "name", FORM_TEXT}, {"ID", "id", FORM_TEXT},
            {"DESCRIPTION", "description", FORM_TEXT}),
    "authctl class add CLASS",
};

const struct kind kind_app_password = {
    "app password",
    "app passwords",
    "id",
    FIELDS({"id", FORM_ID, "the number in the identity that a login gets: alice#k7@example.org"},
           {"label", FORM_TEXT, "what it is for"}, {"user", FORM_TEXT, "the login of its owner"},
           {"user_id", FORM_TEXT, "the id of its owner"}, {"domain", FORM_TEXT, "the owner's"},
           {"scope", FORM_OBJECT, "its scope document; null: none of its own"},
           {"expires_at", FORM_EXPIRY, "its end; null: never"},
           {"expired", FORM_BOOLEAN, "that is past"},
           {"sliding", FORM_BOOLEAN, "each use puts the end off"},
           {"expires_in", FORM_NUMBER, "sliding: how many seconds after its last use it ends"},
           {"last_used_at", FORM_TIME, "the last good login with it"},
           {"last_used_address", FORM_TEXT, "from where"},
           {"rotations", FORM_NUMBER, "how often it got a new secret"},
           {"rotated_at", FORM_TIME, "when it got the last one"},
           {"old_until", FORM_TIME, "until then the secret before works too"},
           {"foreign", FORM_BOOLEAN, "its secret was not made by authd"},
           {"created_by", FORM_TEXT, "who made it"}, {"created_at", FORM_TIME, "when"},
           {"secret", FORM_TEXT, "only in the answer that makes it"}),
    COLUMNS({"ID", "id", FORM_ID}, {"LABEL", "label", FORM_TEXT}, {"RULES", "scope", FORM_RULES},
            {"LAST USED", "last_used_at", FORM_TIME}, {"FROM", "last_used_address", FORM_TEXT},
            {"EXPIRES", "expires_at", FORM_EXPIRY}),
    "authctl app-password add USER --label LABEL",
};

#define WHOSE                                                                                      \
    {"user", FORM_TEXT, "whose it is"}, {"user_id", FORM_TEXT, "the id of whose it is"},           \
        {"id", FORM_TEXT, "the same id"},                                                          \
    {                                                                                              \
        "domain", FORM_TEXT, "the user's"                                                          \
    }

const struct kind kind_totp = {
    "second factor",
    "second factors",
    "user",
    FIELDS(WHOSE, {"enrolled", FORM_BOOLEAN, "there is one, which counts"},
           {"algorithm", FORM_TEXT, "of its codes: SHA1, SHA256 or SHA512"},
           {"digits", FORM_NUMBER, "of a code"},
           {"period", FORM_NUMBER, "seconds that a code is shown"},
           {"confirmed_at", FORM_TIME, "since when it counts"},
           {"recovery_codes", FORM_NUMBER, "how many are left"},
           {"pending_until", FORM_TIME, "until then an enrolment waits for its code"},
           {"last_used_at", FORM_TIME, "the last good code"},
           {"locked_until", FORM_TIME, "until then no code is taken, after wrong ones"}),
    NULL,
    "authctl totp enroll USER",
};

const struct kind kind_totp_enrolment = {
    "enrolment",
    "enrolments",
    "user",
    FIELDS(WHOSE, {"algorithm", FORM_TEXT, "SHA1, SHA256 or SHA512"},
           {"digits", FORM_NUMBER, "of a code"},
           {"period", FORM_NUMBER, "seconds that a code is shown"},
           {"expires_at", FORM_TIME, "until when it can be confirmed"},
           {"replaces", FORM_BOOLEAN, "the user has a second factor already"},
           {"secret", FORM_TEXT, "the key in base32; this and the rest only in this answer"},
           {"uri", FORM_TEXT, "otpauth://totp/..., what the QR code says"},
           {"qr", FORM_TEXTS, "rows of 0 (light) and 1 (dark), without the quiet zone"}),
    NULL,
    NULL,
};

const struct kind kind_totp_ticket = {
    "ticket",
    "tickets",
    "user",
    FIELDS(WHOSE, {"expires_at", FORM_EXPIRY, "its end"},
           {"secret", FORM_TEXT, "only in the answer that makes it"}),
    NULL,
    NULL,
};

const struct kind kind_recovery_codes = {
    "recovery codes",
    "recovery codes",
    "user",
    FIELDS(WHOSE, {"count", FORM_NUMBER, "how many there are"},
           {"created_at", FORM_TIME, "when they were made"},
           {"codes", FORM_TEXTS, "only in the answer that makes them"}),
    NULL,
    NULL,
};

const struct kind kind_api_key = {
    "API key",
    "API keys",
    "id",
    FIELDS({"id", FORM_TEXT, "never used again"}, {"label", FORM_TEXT, "what it is for"},
           {"rights", FORM_TEXTS, "RESOURCE:read or RESOURCE:write; * is every resource"},
           {"domains", FORM_TEXTS, "it reaches no others; null: as far as its owner"},
           {"user", FORM_TEXT, "the login of its owner; null: made on authd's machine"},
           {"user_id", FORM_TEXT, "the id of its owner"}, {"domain", FORM_TEXT, "the owner's"},
           {"expires_at", FORM_EXPIRY, "its end"},
           {"last_used_at", FORM_TIME, "the last call with it"},
           {"last_used_address", FORM_TEXT, "from where"},
           {"created_at", FORM_TIME, "when it was made"},
           {"secret", FORM_TEXT, "only in the answer that makes it"}),
    COLUMNS({"ID", "id", FORM_TEXT}, {"LABEL", "label", FORM_TEXT}, {"OWNER", "user", FORM_TEXT},
            {"RIGHTS", "rights", FORM_TEXTS}, {"LAST USED", "last_used_at", FORM_TIME},
            {"FROM", "last_used_address", FORM_TEXT}, {"EXPIRES", "expires_at", FORM_EXPIRY}),
    "authctl api-key add --label LABEL",
};

const struct kind kind_key = {
    "key",
    "keys",
    "purpose",
    FIELDS({"id", FORM_TEXT, "the key's name: of a hash of it"},
           {"purpose", FORM_TEXT, "pepper, sealing or audit: which key file"},
           {"current", FORM_BOOLEAN, "it makes what is new"},
           {"count", FORM_NUMBER, "how many rows need it; null: of the audit's"},
           {"more", FORM_BOOLEAN, "there are more: they are counted to 100000"},
           {"created_at", FORM_TIME, "since when the database knows it"}),
    COLUMNS({"PURPOSE", "purpose", FORM_TEXT}, {"ID", "id", FORM_TEXT},
            {"CURRENT", "current", FORM_BOOLEAN}, {"NEEDED BY", "count", FORM_NUMBER},
            {"SINCE", "created_at", FORM_TIME}),
    NULL,
};

const struct kind kind_scope = {
    "scope",
    "scopes",
    "user",
    FIELDS({"id", FORM_TEXT, "user:12, domain:example.org, class:printers or site"},
           {"level", FORM_TEXT, "user, domain, class or site"},
           {"user", FORM_TEXT, "whose it is, of a user"},
           {"user_id", FORM_TEXT, "the id of whose it is"},
           {"domain", FORM_TEXT, "whose it is, of a domain; a user's domain"},
           {"class", FORM_TEXT, "whose it is, of a class"},
           {"document", FORM_OBJECT, "the scope document; null: none"},
           {"hash", FORM_TEXT, "the document's SHA-256"}),
    NULL,
    NULL,
};

const struct kind kind_session = {
    "session",
    "sessions",
    "id",
    FIELDS({"id", FORM_TEXT, "never used again"}, {"user", FORM_TEXT, "who is signed in"},
           {"user_id", FORM_TEXT, "the id of who is signed in"},
           {"domain", FORM_TEXT, "the user's"}, {"client", FORM_TEXT, "the address it came from"},
           {"agent", FORM_TEXT, "what the browser calls itself"},
           {"created_at", FORM_TIME, "when it was signed in"},
           {"last_seen_at", FORM_TIME, "its last request"},
           {"fresh_until", FORM_TIME, "until then it may do what asks for the password again"},
           {"factor", FORM_TEXT, "what came beside the password: totp or recovery"},
           {"must_enrol", FORM_BOOLEAN, "it is good for enrolling a second factor only"},
           {"expires_at", FORM_EXPIRY, "its end at the latest"}),
    COLUMNS({"ID", "id", FORM_TEXT}, {"FROM", "client", FORM_TEXT}, {"BROWSER", "agent", FORM_TEXT},
            {"SIGNED IN", "created_at", FORM_TIME}, {"LAST SEEN", "last_seen_at", FORM_TIME}),
    NULL,
};

const struct kind kind_audit = {
    "row",
    "rows",
    "id",
    FIELDS(
        {"id", FORM_TEXT, "never used again"}, {"time", FORM_TEXT, "when"},
        {"class", FORM_TEXT, "change or login: how long it is kept"},
        {"action", FORM_TEXT, "what was done"}, {"outcome", FORM_TEXT, "of a login"},
        {"reason", FORM_TEXT, "of that outcome"},
        {"count", FORM_NUMBER, "so many alike logins within a second"},
        {"actor", FORM_OBJECT, "who acted: kind, name, login, user_id, role, credential, client"},
        {"object", FORM_OBJECT, "what was changed: kind, id"},
        {"user", FORM_TEXT, "whom it concerns"},
        {"user_id", FORM_TEXT, "the id of whom it concerns"}, {"domain", FORM_TEXT, "the user's"},
        {"client", FORM_TEXT, "the address it came from"},
        {"peer", FORM_TEXT, "who was at authd's socket"}, {"via", FORM_TEXT, "ctl, api or page"},
        {"service", FORM_TEXT, "smtp, ..."}, {"mechanism", FORM_TEXT, "PLAIN, ..."},
        {"front", FORM_TEXT, "dovecot, saslauthd, ..."},
        {"tls", FORM_BOOLEAN, "whether the mail client's connection was encrypted"},
        {"reference", FORM_TEXT, "as in the log, and in a refusal"},
        {"before", FORM_OBJECT, "what is different now, as it was"},
        {"after", FORM_OBJECT, "and as it is"},
        {"details", FORM_OBJECT, "of what authd did by itself"},
        {"erased", FORM_BOOLEAN, "it was about a person who was erased"}),
    COLUMNS({"TIME", "time", FORM_TIME}, {"ACTION", "action", FORM_TEXT},
            {"USER", "user", FORM_TEXT}, {"BY", "by", FORM_TEXT}, {"OUTCOME", "outcome", FORM_TEXT},
            {"FROM", "client", FORM_TEXT}, {"REFERENCE", "reference", FORM_TEXT}),
    NULL,
};

const struct kind kind_audit_report = {
    "report",
    "reports",
    "anchor",
    FIELDS({"verified", FORM_BOOLEAN, "no flaw was found"},
           {"complete", FORM_BOOLEAN, "everything was checked"},
           {"seals", FORM_NUMBER, "how many were checked"},
           {"rows", FORM_NUMBER, "how many were checked"},
           {"erased", FORM_NUMBER, "rows about people who were erased"},
           {"expired", FORM_NUMBER, "rows that are no longer kept"},
           {"unsealed", FORM_NUMBER, "rows younger than a seal"},
           {"flaws", FORM_OBJECT, "each with kind, row, seal, detail"},
           {"more_flaws", FORM_NUMBER, "how many are not listed"},
           {"anchor", FORM_TEXT, "of the end of the chain"}),
    NULL,
    NULL,
};

const struct kind kind_reset_link = {
    "reset link",
    "reset links",
    "user",
    FIELDS({"user", FORM_TEXT, "for whom"}, {"user_id", FORM_TEXT, "the id of for whom"},
           {"domain", FORM_TEXT, "the user's"},
           {"mailed_to", FORM_TEXT, "the recovery address, masked"},
           {"keep_credentials", FORM_BOOLEAN, "app passwords and sessions stay when it is used"},
           {"expires_at", FORM_TIME, "until when the link works"}),
    NULL,
    NULL,
};

const struct kind kind_strength = {
    "strength",
    "strengths",
    "acceptable",
    FIELDS({"acceptable", FORM_BOOLEAN, "it would be taken"},
           {"score", FORM_NUMBER, "0 to 4, by zxcvbn"}, {"flaws", FORM_TEXTS, "what to do better"}),
    NULL,
    NULL,
};

const struct kind kind_problem = {
    "problem",
    "problems",
    "detail",
    FIELDS({"type", FORM_TEXT, "stable, for programs"}, {"title", FORM_TEXT, "the type in words"},
           {"status", FORM_NUMBER, "of HTTP"}, {"detail", FORM_TEXT, "what happened"},
           {"hint", FORM_TEXT, "what to do"},
           {"errors", FORM_OBJECT, "a list of {field, detail}: what is wrong where"},
           {"reference", FORM_TEXT, "the word under which authd's log has the request"}),
    NULL,
    NULL,
};
