/* How authctl shows the objects that authd answers: what people call them, the columns of a list,
 * and the members that are displayed otherwise than their type. Members and their meaning are those
 * of the response schema. Tables, and a lookup by name. Pure. */
#ifndef CTL_COLUMNS_H
#define CTL_COLUMNS_H

#include "api/response_schema.h"
#include "ctl/value.h"

struct column {
    const char *heading;
    const char *member; /* NULL: the item itself */
    enum form form;     /* FORM_MEMBER: as in an object */
};

struct columns {
    const char *name; /* "app password" */
    const char *plural;
    const char *called; /* the member that people call the object by; id where it has no value */
    const struct response_schema *schema;
    const struct column *list;       /* ends with a NULL heading; NULL: there are no lists */
    const struct member_form *forms; /* ends with a NULL member; NULL: every form is the type's */
    const char *first;               /* the words that make the first; NULL: nothing to say */
};

/* A member of an object that is displayed otherwise than its type. */
struct member_form {
    const char *member;
    enum form form;
};

extern const struct columns columns_user;
extern const struct columns columns_address;
extern const struct columns columns_domain;
extern const struct columns columns_class;
extern const struct columns columns_app_password;
extern const struct columns columns_totp;
extern const struct columns columns_totp_enrolment;
extern const struct columns columns_totp_ticket;
extern const struct columns columns_recovery_codes;
extern const struct columns columns_api_key;
extern const struct columns columns_key;
extern const struct columns columns_scope;
extern const struct columns columns_session;
extern const struct columns columns_reset_link;
extern const struct columns columns_password_strength;
extern const struct columns columns_audit_event;
extern const struct columns columns_audit_report;

/* Every table of columns; ends with NULL. */
extern const struct columns *const columns_all[];

/* The form of a member in an object. A member that the schema does not have is a text. */
enum form columns_form(const struct columns *columns, const char *member);

#endif
