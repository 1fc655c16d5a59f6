/* Serves the saslauthd protocol, which libsasl2 (Postfix, Sendmail, Cyrus IMAP, OpenLDAP) and Exim
 * speak.
 *
 * A connection has one request. The clients wait without a time limit, so each client gets an
 * answer or sees the connection close. A temporary failure closes the connection without an answer,
 * which libsasl reports as a failure of the service (454) and not as a wrong password. Identities
 * are plain: the protocol returns no identity, and the client goes on with the name that it sent.
 */
#ifndef FRONT_SASLAUTHD_H
#define FRONT_SASLAUTHD_H

#include "loop/listen.h"

struct core;
struct loop;
struct saslauthd_front;

struct saslauthd_front *saslauthd_create(struct loop *loop, struct core *core);
/* `front` is a struct saslauthd_front here and below: endpoint.c serves every kind of front
 * alike. */
void saslauthd_accept(void *front, int fd, const struct peer *peer);
/* Closes at once each connection that has not sent its request, and every other connection after
 * its answer. */
void saslauthd_drain(void *front);
unsigned saslauthd_live(const void *front); /* requests under way */
void saslauthd_destroy(void *front);        /* drops every connection; NULL is fine */

#endif
