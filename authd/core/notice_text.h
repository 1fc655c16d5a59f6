/* What users are told by mail about their accounts: one text for each kind of notice. Pure.
 *
 * Threats: words of somebody else in a mail from us: labels and names stand in the text only, each
 * in a line of its own, without what would change how the rest looks; a mail that teaches users to
 * follow links, so there is none in it. */
#ifndef CORE_NOTICE_TEXT_H
#define CORE_NOTICE_TEXT_H

#include <jansson.h>

#include "base/buf.h"

struct notice {
    const char *kind; /* as authd.notice_put() has it; one without a text here gets a general one */
    const char *login;     /* whose account */
    const char *at;        /* when, in UTC */
    const json_t *details; /* label, by, client, until, left; may be NULL */
};

/* ASCII, static. */
const char *notice_subject(const char *kind);

/* Lines end in LF; UTF-8. */
void notice_write(const struct notice *notice, struct buf *out);

#endif
