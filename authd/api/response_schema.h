/* The response schemas: every object that the HTTP API answers, with type and meaning of each
 * member. http/ makes /openapi.json from these tables, ctl/ shows objects and prints help by them,
 * and tests compare them with real answers. Members stand in the order in which authctl shows them.
 * Tables only, one noun per file. Pure. */
#ifndef API_RESPONSE_SCHEMA_H
#define API_RESPONSE_SCHEMA_H

enum response_type {
    RESPONSE_TEXT,
    RESPONSE_BOOLEAN,
    RESPONSE_INTEGER,
    RESPONSE_TIME,    /* RFC 3339 in UTC */
    RESPONSE_TEXTS,   /* a list of texts */
    RESPONSE_OBJECT,  /* an object of `schema`, or of any shape without one */
    RESPONSE_OBJECTS, /* a list of such objects */
};

enum response_flag {
    RESPONSE_NULLABLE = 1u << 0,  /* null: the value is not set */
    RESPONSE_SOMETIMES = 1u << 1, /* the member may be absent */
};

struct response_schema;

struct response_member {
    const char *name;
    enum response_type type; /* a member without a type is a text */
    unsigned flags;
    const struct response_schema *schema; /* NULL: an object has any shape */
    const char *const *words;             /* the only texts, ends with NULL; NULL: any text */
    const char *meaning;                  /* one plain sentence */
};

struct response_schema {
    const char *name; /* "app-password", as /openapi.json calls the schema */
    const char *meaning;
    const struct response_member *members; /* ends with a NULL name; NULL: a text, not an object */
};

/* Every response schema; ends with NULL. */
extern const struct response_schema *const response_schemas[];

/* The member of this name; NULL: the schema has none. */
const struct response_member *response_member(const struct response_schema *schema,
                                              const char *name);

/* ---- users ---------------------------------------------------------------------------------- */

extern const struct response_schema response_user;
extern const struct response_schema response_address;
extern const struct response_schema response_ended;
extern const struct response_schema response_user_export;
extern const struct response_schema response_password_strength;
extern const struct response_schema response_reset_link;
extern const struct response_schema response_reset;

/* ---- second factors and app passwords ------------------------------------------------------- */

extern const struct response_schema response_totp;
extern const struct response_schema response_totp_enrolment;
extern const struct response_schema response_totp_ticket;
extern const struct response_schema response_recovery_codes;
extern const struct response_schema response_app_password;

/* ---- callers -------------------------------------------------------------------------------- */

extern const struct response_schema response_session;
extern const struct response_schema response_caller;
extern const struct response_schema response_signed_out;
extern const struct response_schema response_api_key;

/* ---- domains, classes, scopes --------------------------------------------------------------- */

extern const struct response_schema response_domain;
extern const struct response_schema response_class;
extern const struct response_schema response_scope;

/* ---- the site ------------------------------------------------------------------------------- */

extern const struct response_schema response_site;
extern const struct response_schema response_submission;
extern const struct response_schema response_password_rules;
extern const struct response_schema response_factor_rules;
extern const struct response_schema response_status;
extern const struct response_schema response_key;
extern const struct response_schema response_import;
extern const struct response_schema response_import_row;

/* ---- the audit ------------------------------------------------------------------------------ */

extern const struct response_schema response_audit_event;
extern const struct response_schema response_audit_actor;
extern const struct response_schema response_audit_object;
extern const struct response_schema response_audit_report;
extern const struct response_schema response_audit_flaw;

/* ---- refusals ------------------------------------------------------------------------------- */

extern const struct response_schema response_problem;
extern const struct response_schema response_field_error;

#endif
