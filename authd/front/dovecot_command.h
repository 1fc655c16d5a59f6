/* The Dovecot auth client protocol, version 1, as a pure parser: one line in, one command out.
 *
 *     line    = command *( TAB field ) LF
 *     escape  : 0x01 '0' NUL, 0x01 '1' 0x01, 0x01 't' TAB, 0x01 'r' CR, 0x01 'n' LF, other: itself
 *
 * Lines are split at raw TABs first, then each field is unescaped. Threat: fields that smuggle in
 * other fields. Therefore nothing may follow resp=, and every number is decimal and bounded.
 */
#ifndef FRONT_DOVECOT_COMMAND_H
#define FRONT_DOVECOT_COMMAND_H

#include <stdint.h>

#include "base/span.h"

/* The most octets of a line without its LF. */
#define DOVECOT_LINE_MAX 16383

enum dovecot_command_kind {
    DOVECOT_BROKEN = 0, /* the connection must be closed; `broken` says why */
    DOVECOT_VERSION,
    DOVECOT_CPID,
    DOVECOT_AUTH,
    DOVECOT_CONT,
    DOVECOT_CANCEL,
};

/* Spans point into the line that was parsed. */
struct dovecot_command {
    enum dovecot_command_kind kind;
    const char *broken;
    uint32_t minor; /* VERSION */
    uint32_t id;    /* CPID, AUTH, CONT, CANCEL; never 0 */
    /* AUTH; for CONT, `has_data` and `data` as well */
    struct span mechanism;
    struct span service; /* of service= or protocol=; may be empty */
    struct span client;  /* rip=: the mail client's address; may be empty */
    bool secured;        /* the MTA says that the mail client's connection is encrypted */
    bool has_data;       /* AUTH: there is a resp=; CONT: always true */
    struct span data;    /* base64, as received */
};

/* Parses one line; unescapes its fields in place. */
void dovecot_command_parse(char *line, size_t length, struct dovecot_command *command);

/* Decodes a response. `=` alone is an empty response; blanks at the end are tolerated, and missing
 * padding is refused. `out` must hold 3/4 of the data. False: the data is not base64, and `out` is
 * wiped. */
bool dovecot_response_decode(struct span data, char *out, size_t capacity, size_t *length);

#endif
