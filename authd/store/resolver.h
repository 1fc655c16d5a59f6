/* Resolves host names to addresses on a worker, because getaddrinfo() blocks. */
#ifndef STORE_RESOLVER_H
#define STORE_RESOLVER_H

#include "store/conninfo.h"

struct resolver;
struct workers;

/* `found` has addresses only; names that could not be resolved are left out. NULL: no endpoint is
 * left, and `why` has the reason. */
typedef void resolver_done_f(void *owner, const struct endpoints *found, const char *why);

/* Copies `endpoints`. `done` is called once, after this call has returned, unless cancelled. NULL:
 * the lane's queue is full. `workers` must outlive the request. */
struct resolver *resolver_start(struct workers *workers, const struct endpoints *endpoints,
                                resolver_done_f *done, void *owner);
void resolver_cancel(struct resolver *resolve);

#endif
