/* The texts of mail messages that tell users about their accounts: one for each kind of notice.
 * Pure.
 *
 * Threats: an attacker who puts words into a mail from authd (labels and names stand only in the
 * text, each in a line of its own, without characters that change how other text looks); users who
 * learn to follow links in mail (the texts have no links). */
#ifndef NOTIFY_NOTICE_TEXT_H
#define NOTIFY_NOTICE_TEXT_H

#include <jansson.h>

#include "base/buf.h"

struct notice {
    const char *kind;      /* of authd.notice_put(); an unknown kind gets a general text */
    const char *login;     /* of the account */
    const char *at;        /* time of the event, in UTC */
    const json_t *details; /* label, by, client, until, left, count, since; may be NULL */
};

/* Returns a static ASCII text. */
const char *notice_subject(const char *kind);

/* Writes UTF-8 lines that end in LF. */
void notice_write(const struct notice *notice, struct buf *out);

#endif
