#include "api/response_schema.h"

#include <stddef.h>
#include <string.h>

_Static_assert(RESPONSE_TEXT == 0, "a member without a type is a text");

const struct response_schema *const response_schemas[] = {
    &response_user,
    &response_address,
    &response_ended,
    &response_user_export,
    &response_password_strength,
    &response_reset_link,
    &response_reset,
    &response_totp,
    &response_totp_enrolment,
    &response_totp_ticket,
    &response_recovery_codes,
    &response_app_password,
    &response_session,
    &response_caller,
    &response_signed_out,
    &response_api_key,
    &response_domain,
    &response_class,
    &response_scope,
    &response_site,
    &response_submission,
    &response_password_rules,
    &response_factor_rules,
    &response_status,
    &response_key,
    &response_import,
    &response_import_row,
    &response_audit_event,
    &response_audit_actor,
    &response_audit_object,
    &response_audit_report,
    &response_audit_flaw,
    &response_problem,
    &response_field_error,
    NULL,
};

const struct response_member *response_member(const struct response_schema *schema,
                                              const char *name)
{
    for (const struct response_member *member = schema->members;
         member != NULL && member->name != NULL; member++) {
        if (strcmp(member->name, name) == 0) {
            return member;
        }
    }
    return NULL;
}
