/* What the requests of each route carry: name, type, bounds and description of each member. Each
 * list ends with a NULL name. */
#ifndef HTTP_REQUEST_TABLE_H
#define HTTP_REQUEST_TABLE_H

#include "http/cursor.h"
#include "http/request_schema.h"

/* Characters of an address: 64 for the local part, and 253 for the domain (RFC 5321, RFC 1035). */
#define REQUEST_ADDRESS_MAX 318

/* What a credential is for. */
#define REQUEST_LABEL .name = "label", .min = 1, .max = 100, .pattern = REQUEST_PRINTABLE

/* The members of every list that has pages. */
/* clang-format off */
#define REQUEST_PAGE                                                                                \
    {.name = "cursor", .min = 1, .max = CURSOR_MAX, .description =                                 \
        "Where the page begins: `next` of the page before."},                                      \
    {.name = "limit", .type = REQUEST_INTEGER, .min = 1, .max = 1000, .description =                 \
        "How many items the page has at most; 100 without this."}
/* clang-format on */

extern const struct request_member request_change_query[]; /* dry_run, for every change */
extern const struct request_member request_page[];         /* cursor and limit */

extern const struct request_member request_user_list[];
extern const struct request_member request_user[];
extern const struct request_member request_user_changes[];
extern const struct request_member request_suspend[];
extern const struct request_member request_address[];
extern const struct request_member request_address_query[];
extern const struct request_member request_password[];
extern const struct request_member request_password_strength[];
extern const struct request_member request_reset_link[];
extern const struct request_member request_reset[];
extern const struct request_member request_import[];
extern const struct request_member request_domain_list[];
extern const struct request_member request_domain[];
extern const struct request_member request_domain_changes[];
extern const struct request_member request_class[];
extern const struct request_member request_class_changes[];
extern const struct request_member request_api_key[];
extern const struct request_member request_api_key_changes[];
extern const struct request_member request_key_rotate[];
extern const struct request_member request_app_password_list[];
extern const struct request_member request_app_password[];
extern const struct request_member request_app_password_changes[];
extern const struct request_member request_rotate[];
extern const struct request_member request_sign_in[];
extern const struct request_member request_fresh[];
extern const struct request_member request_totp[];
extern const struct request_member request_totp_confirm[];
extern const struct request_member request_scope[]; /* a whole document */
extern const struct request_member request_audit_list[];
extern const struct request_member request_audit_verify[];

#endif
