#include "ctl/columns.h"

#include <string.h>

/* A column whose values look as in an object. */
#define COLUMN(HEADING, MEMBER)                                                                    \
    {                                                                                              \
        (HEADING), (MEMBER), FORM_MEMBER                                                           \
    }
#define LIST(...)  ((const struct column[]){__VA_ARGS__, {NULL, NULL, FORM_MEMBER}})
#define FORMS(...) ((const struct member_form[]){__VA_ARGS__, {NULL, FORM_MEMBER}})

const struct columns columns_user = {
    .name = "user",
    .plural = "users",
    .called = "login",
    .schema = &response_user,
    .list = LIST(COLUMN("LOGIN", "login"), COLUMN("ID", "id"), {"STATE", "suspended", FORM_STATE},
                 COLUMN("ROLE", "role"), {"PASSWORD", "has_password", FORM_SET},
                 COLUMN("LAST LOGIN", "last_login_at"), COLUMN("ADDRESSES", "addresses")),
    .first = "user add LOGIN",
};

const struct columns columns_address = {
    .name = "address",
    .plural = "addresses",
    .schema = &response_address,
    .list = LIST({"ADDRESS", NULL, FORM_TEXT}),
};

const struct columns columns_domain = {
    .name = "domain",
    .plural = "domains",
    .called = "name",
    .schema = &response_domain,
    .list = LIST(COLUMN("DOMAIN", "name"), COLUMN("ID", "id"),
                 COLUMN("DELIMITER", "recipient_delimiter"), COLUMN("DESCRIPTION", "description")),
    .first = "domain add DOMAIN",
};

const struct columns columns_class = {
    .name = "class",
    .plural = "classes",
    .called = "name",
    .schema = &response_class,
    .list = LIST(COLUMN("CLASS", "name"), COLUMN("ID", "id"), COLUMN("DESCRIPTION", "description")),
    .first = "class add CLASS",
};

const struct columns columns_app_password = {
    .name = "app password",
    .plural = "app passwords",
    .called = "id",
    .schema = &response_app_password,
    .list = LIST(COLUMN("ID", "id"), COLUMN("LABEL", "label"), {"RULES", "scope", FORM_RULES},
                 COLUMN("LAST USED", "last_used_at"), COLUMN("FROM", "last_used_address"),
                 COLUMN("EXPIRES", "expires_at")),
    .forms = FORMS({"id", FORM_ID}, {"expires_at", FORM_EXPIRY}),
    .first = "app-password add USER --label LABEL",
};

const struct columns columns_totp = {
    .name = "second factor",
    .plural = "second factors",
    .called = "user",
    .schema = &response_totp,
    .first = "totp enroll USER",
};

const struct columns columns_totp_enrolment = {
    .name = "enrolment",
    .plural = "enrolments",
    .called = "user",
    .schema = &response_totp_enrolment,
};

const struct columns columns_totp_ticket = {
    .name = "ticket",
    .plural = "tickets",
    .called = "user",
    .schema = &response_totp_ticket,
};

const struct columns columns_recovery_codes = {
    .name = "recovery codes",
    .plural = "recovery codes",
    .called = "user",
    .schema = &response_recovery_codes,
};

const struct columns columns_api_key = {
    .name = "API key",
    .plural = "API keys",
    .called = "id",
    .schema = &response_api_key,
    .list = LIST(COLUMN("ID", "id"), COLUMN("LABEL", "label"), COLUMN("OWNER", "user"),
                 COLUMN("RIGHTS", "rights"), COLUMN("LAST USED", "last_used_at"),
                 COLUMN("FROM", "last_used_address"), COLUMN("EXPIRES", "expires_at")),
    .forms = FORMS({"expires_at", FORM_EXPIRY}),
    .first = "api-key add --label LABEL",
};

const struct columns columns_key = {
    .name = "key",
    .plural = "keys",
    .called = "purpose",
    .schema = &response_key,
    .list = LIST(COLUMN("PURPOSE", "purpose"), COLUMN("ID", "id"), COLUMN("CURRENT", "current"),
                 COLUMN("NEEDED BY", "count"), COLUMN("SINCE", "created_at")),
};

const struct columns columns_scope = {
    .name = "scope",
    .plural = "scopes",
    .called = "user",
    .schema = &response_scope,
};

const struct columns columns_session = {
    .name = "session",
    .plural = "sessions",
    .called = "id",
    .schema = &response_session,
    .list = LIST(COLUMN("ID", "id"), COLUMN("FROM", "client"), COLUMN("BROWSER", "agent"),
                 COLUMN("SIGNED IN", "created_at"), COLUMN("LAST SEEN", "last_seen_at")),
};

const struct columns columns_reset_link = {
    .name = "reset link",
    .plural = "reset links",
    .called = "user",
    .schema = &response_reset_link,
};

const struct columns columns_password_strength = {
    .name = "strength",
    .plural = "strengths",
    .called = "acceptable",
    .schema = &response_password_strength,
};

const struct columns columns_audit_event = {
    .name = "row",
    .plural = "rows",
    .called = "id",
    .schema = &response_audit_event,
    .list = LIST(COLUMN("TIME", "time"), COLUMN("ACTION", "action"), COLUMN("USER", "user"),
                 COLUMN("BY", "actor"), COLUMN("OUTCOME", "outcome"), COLUMN("FROM", "client"),
                 COLUMN("REFERENCE", "reference")),
};

const struct columns columns_audit_report = {
    .name = "report",
    .plural = "reports",
    .called = "anchor",
    .schema = &response_audit_report,
};

const struct columns *const columns_all[] = {
    &columns_user,           &columns_address,      &columns_domain,
    &columns_class,          &columns_app_password, &columns_totp,
    &columns_totp_enrolment, &columns_totp_ticket,  &columns_recovery_codes,
    &columns_api_key,        &columns_key,          &columns_scope,
    &columns_session,        &columns_reset_link,   &columns_password_strength,
    &columns_audit_event,    &columns_audit_report, NULL,
};

enum form columns_form(const struct columns *columns, const char *member)
{
    static const enum form of_types[] = {
        [RESPONSE_TEXT] = FORM_TEXT,      [RESPONSE_BOOLEAN] = FORM_BOOLEAN,
        [RESPONSE_INTEGER] = FORM_NUMBER, [RESPONSE_TIME] = FORM_TIME,
        [RESPONSE_TEXTS] = FORM_TEXTS,    [RESPONSE_OBJECT] = FORM_OBJECT,
        [RESPONSE_OBJECTS] = FORM_OBJECT,
    };
    const struct response_member *described = response_member(columns->schema, member);

    for (const struct member_form *form = columns->forms; form != NULL && form->member != NULL;
         form++) {
        if (strcmp(form->member, member) == 0) {
            return form->form;
        }
    }
    return described != NULL ? of_types[described->type] : FORM_TEXT;
}
