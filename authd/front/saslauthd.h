/* Serves the saslauthd protocol: libsasl2 (Postfix, Sendmail, Cyrus IMAP, OpenLDAP) and Exim.
 *
 * One request per connection. The clients wait for ever, so each gets its answer or sees the
 * connection close; a temporary failure is a close without an answer, which libsasl reports as a
 * failure of the service (454) and not as a wrong password. Identities are plain: the protocol
 * returns none, and the client goes on with the name it sent. */
#ifndef FRONT_SASLAUTHD_H
#define FRONT_SASLAUTHD_H

#include "loop/listen.h"

struct core;
struct loop;
struct saslauthd_front;

struct saslauthd_front *saslauthd_create(struct loop *loop, struct core *core);
/* `front` is a struct saslauthd_front here and below: endpoint.c does not care which it serves. */
void saslauthd_accept(void *front, int fd, const struct peer *peer);
/* Closes the connections that have not sent their request, and the others when they are answered.
 */
void saslauthd_drain(void *front);
unsigned saslauthd_live(const void *front); /* requests under way */
void saslauthd_destroy(void *front);        /* drops every connection; NULL is fine */

#endif
