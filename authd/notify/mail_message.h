/* A plain-text mail message as octets for SMTP (RFC 5322). Pure.
 *
 * Threat: an attacker who adds a header by a line end in an address or a subject. So a message
 * whose header values have a control character is not written. */
#ifndef NOTIFY_MAIL_MESSAGE_H
#define NOTIFY_MAIL_MESSAGE_H

#include <time.h>

#include "base/buf.h"

#define MAIL_MESSAGE_MAX      (64 * 1024)
#define MAIL_MESSAGE_LINE_MAX 900 /* octets; RFC 5322 allows 998 */

struct mail_message {
    const char *from;    /* canonical address */
    const char *to;      /* canonical address */
    const char *subject; /* ASCII */
    const char *text;    /* UTF-8, lines end in LF */
    const char *id;      /* for Message-ID: letters and digits, unique */
    time_t when;
};

/* Whether SMTP must carry the message by SMTPUTF8 (RFC 6531), because an address, and with it a
 * header, is not ASCII. */
bool mail_message_needs_utf8(const struct mail_message *message);

/* Writes lines that end in CRLF; dots are not doubled. False: the message cannot be sent so. */
bool mail_message_write(const struct mail_message *message, struct buf *out);

#endif
