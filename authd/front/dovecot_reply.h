/* The handshake and the replies of a Dovecot auth server, as octets. Pure.
 *
 * Clients need the following: every reply has a TAB (Exim 4.96 crashes on a line without), CONT
 * keeps its TAB when the challenge is empty, user= comes first, and lines end in LF alone. Every
 * value is escaped, so that no name can add a field.
 */
#ifndef FRONT_DOVECOT_REPLY_H
#define FRONT_DOVECOT_REPLY_H

#include <stdint.h>

#include <authd/plugin.h>

#include "base/buf.h"

/* Some clients read the handshake with one recv(1024). */
#define DOVECOT_HANDSHAKE_MAX 1023

#define DOVECOT_CODE_TEMPFAIL "temp_fail"
#define DOVECOT_CODE_AUTHZ    "authz_fail"
#define DOVECOT_CODE_BASE64   "invalid_base64"

enum dovecot_reply_kind { DOVECOT_FAIL, DOVECOT_OK, DOVECOT_CHALLENGE };

struct dovecot_reply {
    enum dovecot_reply_kind kind;
    uint32_t id;
    /* For DOVECOT_CHALLENGE; octets that are still to be encoded in base64. */
    struct span challenge;
    const char *user;   /* NULL or "": left out */
    const char *code;   /* NULL: left out */
    const char *reason; /* NULL: left out; Postfix shows it to the mail client */
};

void dovecot_handshake_append(struct buf *buf, const struct authd_mechanism *const *mechanisms,
                              uint32_t cuid);
void dovecot_reply_append(struct buf *buf, const struct dovecot_reply *reply);

#endif
