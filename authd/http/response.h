/* The headers of every answer, and its way into libmicrohttpd.
 *
 * Threat: an answer that a browser shows as a page, keeps, or gives to another site. So each
 * answer, refusals too, says of which type it is, that it may be neither stored nor shared, and
 * that nothing in it may run, unless it is a page of http/page.h. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <microhttpd.h>
#include <stdbool.h>

#include "base/buf.h"

struct page;

struct answer {
    unsigned status; /* 0: there is no answer yet */
    char *text; /* JSON or `page`, wiped after use; NULL: none, or response_send() has taken it */
    const struct page *page; /* NULL: `text` is JSON */
    bool is_problem;         /* `text` is a problem (RFC 9457) */
    bool secure;             /* the client reaches authd by TLS */
    bool close;              /* the connection ends with this answer */
    unsigned retry_after;    /* seconds, value of Retry-After; 0: none, but 1 with a 503 */
    const char *etag;        /* with its quotes; NULL: none */
    const char *cookie;      /* value of Set-Cookie; NULL: none */
    const char *allow;       /* value of Allow, which comes with a 405; NULL: none */
};

/* Hands the answer to libmicrohttpd, which owns its text from then on. */
enum MHD_Result response_send(struct answer *answer, struct MHD_Connection *connection);

/* Appends the answer as octets, where libmicrohttpd does not answer. */
void response_append(const struct answer *answer, struct buf *out);

/* Wipes and frees the text of an answer that was not sent. */
void answer_finish(struct answer *answer);

#endif
