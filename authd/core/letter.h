/* A plain-text mail as octets for SMTP (RFC 5322). Pure.
 *
 * Threat: a header that somebody else writes, by a line end in an address or a subject. So what
 * goes into a header holds no control character, or there is no letter. */
#ifndef CORE_LETTER_H
#define CORE_LETTER_H

#include <time.h>

#include "base/buf.h"

#define LETTER_MAX      (64 * 1024)
#define LETTER_LINE_MAX 900 /* octets; RFC 5322 allows 998 */

struct letter {
    const char *from; /* canonical addresses */
    const char *to;
    const char *subject; /* ASCII */
    const char *text;    /* UTF-8, lines end in LF */
    const char *id;      /* for Message-ID: letters and digits, unique */
    time_t when;
};

/* Lines end in CRLF; dots are not doubled. False: something of it cannot be sent. */
bool letter_write(const struct letter *letter, struct buf *out);

#endif
