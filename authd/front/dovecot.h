/* Serves the Dovecot auth client protocol, which Postfix, Exim, Dovecot's own login processes and
 * many other programs speak.
 *
 * The handshake is written whole as soon as a client connects, in one write of less than 1,024
 * octets, and needs no database, because a Postfix that cannot read the handshake dies. Postfix and
 * Exim turn every FAIL into a permanent 535, so on their listeners a temporary failure closes the
 * connection (they answer 454 and 435). Clients that multiplex logins get a FAIL with
 * code=temp_fail instead.
 */
#ifndef FRONT_DOVECOT_H
#define FRONT_DOVECOT_H

#include "base/err.h"
#include "loop/listen.h"

struct core;
struct dovecot_front;
struct loop;

struct dovecot_options {
    bool tagged;         /* user=alice#p3@example.org */
    bool tempfail_reply; /* true: FAIL with code=temp_fail; false: the connection is closed */
};

/* NULL: the configured mechanisms do not fit the handshake; see `err`. */
struct dovecot_front *dovecot_create(struct loop *loop, struct core *core,
                                     const struct dovecot_options *options, struct err *err);
/* `front` is a struct dovecot_front here and below: endpoint.c serves every kind of front alike. */
void dovecot_accept(void *front, int fd, const struct peer *peer);
/* Closes idle connections at once, and every other connection after its last answer. */
void dovecot_drain(void *front);
unsigned dovecot_live(const void *front); /* requests under way */
void dovecot_destroy(void *front);        /* drops every connection; NULL is fine */

#endif
