/* Parsed sending scopes by their hash. A document with another content has another hash, so no
 * entry of the cache is ever stale. A missing document is fetched from the database, once for all
 * requests that need it.
 *
 * Threat: a document that this authd cannot read, because a newer authd wrote it, is taken for one
 * that restricts nothing. So an unreadable document is "cannot tell": the login fails temporarily,
 * and the log says why. */
#ifndef SCOPE_SCOPE_CACHE_H
#define SCOPE_SCOPE_CACHE_H

#include <sys/queue.h>

#include "core/outcome.h"
#include "scope/scope.h"

struct db;
struct scope_cache;
struct scope_entry;

/* Shorter than the deadline of a login. */
#define SCOPE_DEADLINE_MS 3000

/* Embedded in a struct of the caller, who cancels a pending request before freeing that struct. */
struct scope_request {
    struct scope_set set; /* the caller sets the names; the cache fills in the documents */
    /* Trouble REASON_NONE: every name has its document. The documents are valid until `done`
     * returns. */
    void (*done)(struct scope_request *request, enum reason trouble);
    bool pending;                              // private to scope_cache.c
    struct scope_entry *entries[SCOPE_LEVELS]; // private; held while pending
    enum reason trouble;                       // private
    TAILQ_ENTRY(scope_request) link;           // private
};

struct scope_cache *scope_cache_create(struct db *db);
void scope_cache_destroy(struct scope_cache *cache); /* no request may be pending */

/* True: the answer is `*trouble`, and `done` is not called; the documents are valid until the next
 * call of the cache or the end of the event. False: `done` is called within SCOPE_DEADLINE_MS,
 * never from inside this call. */
bool scope_cache_get(struct scope_cache *cache, struct scope_request *request,
                     enum reason *trouble);
void scope_cache_cancel(struct scope_cache *cache,
                        struct scope_request *request); /* one that is not pending is fine */

#endif
