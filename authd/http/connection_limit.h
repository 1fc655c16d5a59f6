/* Which connections there may be at the same time, and which one makes room for a new one.
 *
 * Threat: one client, or one network, that opens connections to keep everybody else out. A network
 * (/24 of IPv4, /64 of IPv6) has at most CONNECTION_LIMIT_NETWORK connections, except through a
 * trusted proxy or a unix socket. Where no more are allowed, the oldest connection without a
 * request in progress is closed: an idle one, or one whose headers have not come. A connection with
 * a request in progress is never closed for another: if all have one, the new connection is closed.
 * Half of all connections are for administrators by peer. */
#ifndef HTTP_CONNECTION_LIMIT_H
#define HTTP_CONNECTION_LIMIT_H

#include "http/relay.h"

#define CONNECTION_LIMIT_NETWORK 32

struct connection_limit {
    struct relays *relays;
    unsigned most;       /* connections */
    unsigned closed;     /* since the last report */
    struct event report; /* set after a report: the next one has to wait */
};

void connection_limit_init(struct connection_limit *limit, struct relays *relays, unsigned most);
void connection_limit_finish(struct connection_limit *limit);
/* Makes room for a client's connection. False: there is none, and the connection has to be closed.
 * Either loss is logged. */
bool connection_limit_admit(struct connection_limit *limit, const struct http_client *client,
                            const struct network *network);

#endif
