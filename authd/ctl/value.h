/* How a JSON value looks in a cell: for people with relative times and words, for programs as JSON
 * has it. */
#ifndef CTL_VALUE_H
#define CTL_VALUE_H

#include <jansson.h>
#include <time.h>

#include "base/buf.h"

enum form {
    FORM_MEMBER, /* in a column: the form that the member has in an object */
    FORM_TEXT,
    FORM_TEXTS,
    FORM_NUMBER,
    FORM_BOOLEAN,
    FORM_TIME,
    FORM_EXPIRY, /* a time; null: never */
    FORM_OBJECT,
    FORM_STATE, /* a boolean: suspended, or active */
    FORM_SET,   /* a boolean: set, or nothing */
    FORM_RULES, /* a scope document in few words */
    FORM_ID,    /* the id of an app password: k7, as in the identity of a login */
};

struct view {
    bool people; /* relative times and words */
    time_t now;
};

/* Appends a value for a cell, unescaped, without a zero octet. False: the value is not set. */
bool value_print(struct buf *out, const struct view *view, enum form form, const json_t *value);

/* A scope document in few words: "to *@example.org, tls, 30 messages/1h". A document without rules
 * appends nothing. */
void rules_print(struct buf *out, const json_t *document);

#endif
