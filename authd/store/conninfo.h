/* Where the database is: a libpq connection string, parsed into endpoints.
 *
 * libpq looks host names up with getaddrinfo(), which blocks. The pool has them resolved on a
 * worker (store/resolver.h) and connects to addresses. Host names stay beside the addresses,
 * because certificates and password files are matched by name.
 */
#ifndef STORE_CONNINFO_H
#define STORE_CONNINFO_H

#include <libpq-fe.h>
#include <stdbool.h>

#define ENDPOINTS_MAX 16

/* One server. An empty text is unset and libpq's default applies. */
struct endpoint {
    char host[256];   /* name, address or directory of a unix socket */
    char address[64]; /* numeric; used instead of `host` if set */
    char port[8];
};

struct endpoints {
    unsigned count;
    struct endpoint list[ENDPOINTS_MAX];
};

struct conninfo {
    PQconninfoOption *options;
    struct endpoints endpoints;
};

/* False: `url` is not a connection string. There is no detail, because it could show a password. */
bool conninfo_init(struct conninfo *target, const char *url);
void conninfo_finish(struct conninfo *target);

/* Whether the endpoint is a host name, which must be resolved before libpq sees it. */
bool endpoint_is_name(const struct endpoint *endpoint);

/* Starts to connect without blocking; tries `endpoints` in turn, from number `first` on. */
PGconn *conninfo_connect(const struct conninfo *target, const struct endpoints *endpoints,
                         unsigned first);

#endif
