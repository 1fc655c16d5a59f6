/* Where the database is: a libpq connection string, taken apart into endpoints.
 *
 * libpq looks host names up with a blocking getaddrinfo(), so the pool has them resolved elsewhere
 * (store/resolve.h) and connects to addresses. Host names stay in place beside the addresses:
 * certificates and password files are matched by them.
 */
#ifndef STORE_TARGET_H
#define STORE_TARGET_H

#include <libpq-fe.h>
#include <stdbool.h>

#define ENDPOINTS_MAX 16

/* Empty text: not given, libpq has a default. */
struct endpoint {
    char host[256];   /* name, address or directory of a unix socket */
    char address[64]; /* numeric; used in place of `host` if given */
    char port[8];
};

struct endpoints {
    unsigned count;
    struct endpoint list[ENDPOINTS_MAX];
};

struct target {
    PQconninfoOption *options;
    struct endpoints endpoints;
};

/* False: not a connection string. No detail, which might show a password. */
bool target_init(struct target *target, const char *url);
void target_finish(struct target *target);

/* Must be resolved before libpq sees it. */
bool endpoint_is_name(const struct endpoint *endpoint);

/* Starts to connect, without blocking, to `endpoints` in turn, from number `first` on. */
PGconn *target_connect(const struct target *target, const struct endpoints *endpoints,
                       unsigned first);

#endif
