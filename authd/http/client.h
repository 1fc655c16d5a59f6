/* The far end of a connection: where it came in, who is connected, and what follows from both.
 *
 * Threats: a client that writes X-Forwarded-For itself (see http/forwarded.h); a program of another
 * user on this machine that would get an administrator's rights. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "core/network.h"
#include "http/origin.h"
#include "loop/listen.h"

struct http_server;
struct tls_files;

/* One per listener, and as long as it: the argument of listen_start(). */
struct http_listener {
    struct http_server *server;
    bool admin_by_peer;    /* `admin: peer`: root and authd's own user are administrators */
    struct tls_files *tls; /* NULL: clear text */
    const char *name;      /* "127.0.0.1:8587", a name of this server; NULL: a unix socket */
    const struct network *trusted_proxies;
    size_t trusted_proxy_count;
};

/* As long as the connection. */
struct http_client {
    struct peer peer;
    const struct http_listener *listener; /* where the connection came in */
    bool admin_by_peer;                   /* the listener makes the right peers administrators */
    bool answered;                        /* libmicrohttpd has the answer to the present request */
    bool refused; /* the relay has refused the present request, and the connection ends */
    bool slow;    /* the relay gave the client up */
};

/* Root or authd's own user, on a socket that makes them administrators. */
bool client_is_admin(const struct http_client *client);

/* What this server is called on the client's listener. */
struct origin_names client_names(const struct http_client *client,
                                 const struct public_url *public_url);

/* The network that shares the bound on connections with the client: /24 or /64. Not known for a
 * client on a unix socket, and for a trusted proxy, who speaks for many. */
struct network client_network(const struct http_client *client);

/* The client's address as far as authd trusts it, from all of X-Forwarded-For joined by commas.
 * Empty: not known, as behind a unix socket. */
void client_address(const struct http_client *client, struct span forwarded,
                    char address[static NETWORK_TEXT_SIZE]);

#endif
