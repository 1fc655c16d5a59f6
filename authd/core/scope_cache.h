/* Parsed sending scopes by their hash. A document never changes under its name, so what is here can
 * never be stale; what is not here is fetched from the database, once for all who ask.
 *
 * Threat: a document that this authd cannot read (a newer one wrote it) must not be taken for one
 * that restricts nothing. It is "cannot tell": the login fails for now, and the log says why. */
#ifndef CORE_SCOPE_CACHE_H
#define CORE_SCOPE_CACHE_H

#include <sys/queue.h>

#include "core/outcome.h"
#include "core/scope.h"

struct db;
struct scope_cache;
struct scope_entry;

/* Together below the patience of a login. */
#define SCOPE_DEADLINE_MS 3000

/* Embedded in the asker, who cancels it before going away. */
struct scope_request {
    struct scope_set set; /* the names are the asker's; the documents are filled in */
    /* REASON_NONE: every name has its document. They are good until this returns. */
    void (*done)(struct scope_request *request, enum reason trouble);
    bool pending;                              // private to scope_cache.c, as all below
    struct scope_entry *entries[SCOPE_LEVELS]; // held while pending
    enum reason trouble;
    TAILQ_ENTRY(scope_request) link;
};

struct scope_cache *scope_cache_create(struct db *db);
void scope_cache_destroy(struct scope_cache *cache); /* no request is pending */

/* True: answered at once, by `*trouble`, without `done`; the documents are good until the next call
 * of the cache or the end of the event. False: `done` is called within SCOPE_DEADLINE_MS, never
 * from inside this call. */
bool scope_cache_get(struct scope_cache *cache, struct scope_request *request,
                     enum reason *trouble);
void scope_cache_cancel(struct scope_cache *cache,
                        struct scope_request *request); /* not pending is fine */

#endif
