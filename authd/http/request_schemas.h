/* What the requests of each route carry: name, type, bounds and description of each member. Each
 * list ends with a NULL name. */
#ifndef HTTP_REQUEST_SCHEMAS_H
#define HTTP_REQUEST_SCHEMAS_H

#include "http/cursor.h"
#include "http/request_schema.h"

/* The fields of every list that has pages. */
/* clang-format off */
#define FIELDS_PAGE                                                                                \
    {.name = "cursor", .min = 1, .max = CURSOR_MAX, .description =                                 \
        "Where the page begins: `next` of the page before."},                                      \
    {.name = "limit", .type = FIELD_INTEGER, .min = 1, .max = 1000, .description =                 \
        "How many items the page has at most; 100 without this."}
/* clang-format on */

extern const struct field fields_change_query[]; /* dry_run, for every change */
extern const struct field fields_page[];         /* cursor and limit */

extern const struct field fields_user_list[];
extern const struct field fields_user[];
extern const struct field fields_user_changes[];
extern const struct field fields_suspend[];
extern const struct field fields_address[];
extern const struct field fields_address_query[];
extern const struct field fields_password[];
extern const struct field fields_password_strength[];
extern const struct field fields_reset_link[];
extern const struct field fields_reset[];
extern const struct field fields_import[];
extern const struct field fields_domain_list[];
extern const struct field fields_domain[];
extern const struct field fields_domain_changes[];
extern const struct field fields_class[];
extern const struct field fields_class_changes[];
extern const struct field fields_api_key[];
extern const struct field fields_api_key_changes[];
extern const struct field fields_key_rotate[];
extern const struct field fields_app_password_list[];
extern const struct field fields_app_password[];
extern const struct field fields_app_password_changes[];
extern const struct field fields_rotate[];
extern const struct field fields_sign_in[];
extern const struct field fields_fresh[];
extern const struct field fields_totp[];
extern const struct field fields_totp_confirm[];
extern const struct field fields_scope[]; /* a whole document */
extern const struct field fields_audit_list[];
extern const struct field fields_audit_verify[];

#endif
