/* Host names to addresses, on a worker: getaddrinfo() blocks. */
#ifndef STORE_RESOLVE_H
#define STORE_RESOLVE_H

#include "store/target.h"

struct resolve;
struct workers;

/* `found` has no names left; names that could not be resolved are left out. With none left at all
 * it is NULL and `why` says what failed. */
typedef void resolve_done_f(void *owner, const struct endpoints *found, const char *why);

/* Copies `endpoints`. `done` is called once, never from inside this call, unless cancelled. NULL:
 * the lane's queue is full. `workers` must outlive the request. */
struct resolve *resolve_start(struct workers *workers, const struct endpoints *endpoints,
                              resolve_done_f *done, void *owner);
void resolve_cancel(struct resolve *resolve);

#endif
