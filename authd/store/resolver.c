/* One job of the resolver lane: replaces every host name of a connection string with its
 * addresses. */
#include "store/resolver.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/workers.h"

/* How long a job may wait for the worker. */
#define RESOLVE_QUEUE_MS 10000

struct resolver {
    struct job job; /* the first member, because a job is cast to its resolve */
    struct endpoints wanted;
    struct endpoints found;
    resolver_done_f *done;
    char why[400];
};

static void resolve_name(struct resolver *resolve, const struct endpoint *named)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int status = getaddrinfo(named->host, NULL, &hints, &addresses);
    if (status != 0) {
        snprintf(resolve->why, sizeof resolve->why, "cannot resolve %s: %s", named->host,
                 gai_strerror(status));
        return;
    }
    struct endpoints *found = &resolve->found;
    for (const struct addrinfo *a = addresses; a != NULL && found->count < ENDPOINTS_MAX;
         a = a->ai_next) {
        struct endpoint *endpoint = &found->list[found->count];
        *endpoint = *named;
        if (getnameinfo(a->ai_addr, a->ai_addrlen, endpoint->address, sizeof endpoint->address,
                        NULL, 0, NI_NUMERICHOST) == 0) {
            found->count++;
        }
    }
    freeaddrinfo(addresses);
}

static void resolve_run(struct job *job)
{
    struct resolver *resolve = (struct resolver *)job;
    for (unsigned i = 0; i < resolve->wanted.count; i++) {
        const struct endpoint *endpoint = &resolve->wanted.list[i];
        if (endpoint_is_name(endpoint)) {
            resolve_name(resolve, endpoint);
        } else if (resolve->found.count < ENDPOINTS_MAX) {
            resolve->found.list[resolve->found.count++] = *endpoint;
        }
    }
}

static void resolve_done(struct job *job, void *owner)
{
    struct resolver *resolve = (struct resolver *)job;
    if (job->expired) {
        resolve->done(owner, NULL, "the resolver is busy with other host names");
        return;
    }
    bool any = resolve->found.count > 0;
    resolve->done(owner, any ? &resolve->found : NULL, resolve->why);
}

static void resolve_destroy(struct job *job)
{
    free(job);
}

struct resolver *resolver_start(struct workers *workers, const struct endpoints *endpoints,
                                resolver_done_f *done, void *owner)
{
    struct resolver *resolve = mem_new(struct resolver);
    resolve->job = (struct job){.run = resolve_run,
                                .done = resolve_done,
                                .destroy = resolve_destroy,
                                .owner = owner,
                                .deadline = clock_ms() + RESOLVE_QUEUE_MS};
    resolve->wanted = *endpoints;
    resolve->done = done;
    if (!workers_submit(workers, &resolve->job)) {
        free(resolve);
        return NULL;
    }
    return resolve;
}

void resolver_cancel(struct resolver *resolve)
{
    job_cancel(&resolve->job);
}
