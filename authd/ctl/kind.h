/* The kinds of objects that authd answers with: their members, in the order of their interest, and
 * the columns of a list. Drives what is printed and `authctl help json NOUN`. */
#ifndef CTL_KIND_H
#define CTL_KIND_H

#include <jansson.h>
#include <time.h>

#include "base/buf.h"

/* How a member looks. */
enum form {
    FORM_TEXT,
    FORM_TEXTS,
    FORM_NUMBER,
    FORM_BOOLEAN,
    FORM_TIME,
    FORM_EXPIRY, /* a time; null: never */
    FORM_OBJECT,
    FORM_STATE, /* a boolean: suspended, or active */
    FORM_SET,   /* a boolean: set, or nothing */
    FORM_RULES, /* a scope document, in few words */
    FORM_ID,    /* of an app password: k7, as in the identity that a login gets */
};

struct field {
    const char *name;
    enum form form;
    const char *meaning;
};

struct column {
    const char *heading;
    const char *member;
    enum form form;
};

struct kind {
    const char *name; /* "app password" */
    const char *plural;
    const char *called;           /* the member that people call it by; where there is none, id */
    const struct field *fields;   /* ends with a NULL name */
    const struct column *columns; /* ends with a NULL heading */
    const char *first;            /* how to make the first one */
};

extern const struct kind kind_user;
extern const struct kind kind_address;
extern const struct kind kind_domain;
extern const struct kind kind_class;
extern const struct kind kind_app_password;
extern const struct kind kind_totp;
extern const struct kind kind_totp_enrolment;
extern const struct kind kind_totp_ticket;
extern const struct kind kind_recovery_codes;
extern const struct kind kind_api_key;
extern const struct kind kind_key;
extern const struct kind kind_scope;
extern const struct kind kind_session;
extern const struct kind kind_reset_link;
extern const struct kind kind_strength;
extern const struct kind kind_audit;
extern const struct kind kind_audit_report;
extern const struct kind kind_problem;

/* ---- values -------------------------------------------------------------------------------- */

struct view {
    bool people; /* relative times and words; else what JSON has */
    time_t now;
};

/* Appends a value for a cell, unescaped, without a zero octet. False: it is not set. */
bool value_print(struct buf *out, const struct view *view, enum form form, const json_t *value);

/* A scope document in few words: "to *@example.org, tls, 30 messages/1h". Nothing: no rules. */
void rules_print(struct buf *out, const json_t *document);

#endif
