/* The cache of parsed scopes: entries in a hash table and in order of use. An entry is made when
 * its document is first asked for; while the document is on its way, all requests for it wait. An
 * entry is held while a request waits for it or is being answered. Of the entries that are not
 * held, the least recently used is dropped first. */
#include "scope/scope_cache.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/db.h"

#define ENTRIES_MAX 1024
#define OCTETS_MAX  (4u << 20) /* of canonical text; parsed, a document takes some times that */
#define BUCKETS     1024

struct scope_entry {
    struct scope_cache *cache;
    char name[SCOPE_HASH_SIZE];     /* the document's hash */
    struct db_unit *unit;           /* fetches the document; NULL: no longer on its way */
    struct scope *scope;            /* NULL: the document is on its way, or cannot be read */
    size_t octets;                  /* of the document's canonical text */
    unsigned holders;               /* number of requests that hold this entry */
    TAILQ_ENTRY(scope_entry) used;  // scope_cache::used
    LIST_ENTRY(scope_entry) bucket; // scope_cache::buckets
};

TAILQ_HEAD(request_list, scope_request);

struct scope_cache {
    struct db *db;
    unsigned count;
    size_t octets;
    TAILQ_HEAD(, scope_entry) used; /* the least recently used first */
    LIST_HEAD(, scope_entry) buckets[BUCKETS];
    struct request_list waiting;
};

/* ---- entries ------------------------------------------------------------------------------- */

static unsigned bucket_of(const char *name)
{
    return (unsigned)(span_hash(span_of(name)) % BUCKETS);
}

static struct scope_entry *entry_find(struct scope_cache *cache, const char *name)
{
    struct scope_entry *entry;

    LIST_FOREACH(entry, &cache->buckets[bucket_of(name)], bucket)
    {
        if (strcmp(entry->name, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* New requests no longer find the entry; requests that hold it keep it. */
static void entry_unlink(struct scope_entry *entry)
{
    struct scope_cache *cache = entry->cache;

    TAILQ_REMOVE(&cache->used, entry, used);
    LIST_REMOVE(entry, bucket);
    cache->count--;
    cache->octets -= entry->octets;
}

static void entry_free(struct scope_entry *entry)
{
    if (entry->unit != NULL) {
        db_cancel(entry->unit);
    }
    scope_destroy(entry->scope);
    free(entry);
}

static void cache_shrink(struct scope_cache *cache)
{
    struct scope_entry *next = TAILQ_FIRST(&cache->used);

    while (next != NULL && (cache->count > ENTRIES_MAX || cache->octets > OCTETS_MAX)) {
        struct scope_entry *entry = next;

        next = TAILQ_NEXT(entry, used);
        if (entry->holders == 0) {
            entry_unlink(entry);
            entry_free(entry);
        }
    }
}

/* ---- documents ----------------------------------------------------------------------------- */

static void log_unreadable(const struct scope_entry *entry, const char *where, const char *why)
{
    struct log_line line;

    log_begin(&line, LOG_ERROR, "scope");
    log_text(&line, "document", entry->name);
    log_text(&line, "at", where);
    log_text(&line, "error", why);
    log_text(&line, "hint", "if another authd wrote it, upgrade this one");
    log_end(&line);
}

/* An unreadable document leaves an entry without a scope: it stays unreadable. */
static void entry_parse(struct scope_entry *entry, const char *text)
{
    char name[SCOPE_HASH_SIZE];
    struct scope_flaw flaw = {.text = "is not JSON, or not what its name says"};
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    scope_hash(text, name);
    if (document != NULL && strcmp(name, entry->name) == 0) {
        entry->scope = scope_parse(document, &flaw);
    }
    json_decref(document);
    entry->octets = strlen(text);
    entry->cache->octets += entry->octets;
    if (entry->scope == NULL) {
        log_unreadable(entry, flaw.pointer, flaw.text);
    }
}

static enum reason trouble_of(enum db_status status)
{
    switch (status) {
    case DB_OK: /* no such document: another one replaced it after the lookup of the login */
        return REASON_SCOPE_GONE;
    case DB_REFUSED:
        return REASON_DATABASE_ERROR;
    case DB_DOWN:
        return REASON_DATABASE_DOWN;
    case DB_TIMEOUT:
        break;
    }
    return REASON_DATABASE_SLOW;
}

static void entry_finish(struct scope_entry *entry, enum reason trouble);

static void entry_fetched(const struct db_result *result, void *arg)
{
    struct scope_entry *entry = arg;
    const char *text = result->status == DB_OK && result->rows == 1 ? db_text(result, 0, 0) : NULL;

    entry->unit = NULL;
    if (text == NULL) {
        entry_finish(entry, trouble_of(result->status));
        return;
    }
    entry_parse(entry, text);
    entry_finish(entry, entry->scope != NULL ? REASON_NONE : REASON_SCOPE_UNREADABLE);
}

static struct scope_entry *entry_fetch(struct scope_cache *cache, const char *name)
{
    struct scope_entry *entry = mem_new(struct scope_entry);

    entry->cache = cache;
    memcpy(entry->name, name, sizeof(entry->name));
    TAILQ_INSERT_TAIL(&cache->used, entry, used);
    LIST_INSERT_HEAD(&cache->buckets[bucket_of(name)], entry, bucket);
    cache->count++;
    entry->unit = db_unit_create(STATEMENT_SCOPE_DOCUMENT);
    db_unit_text(entry->unit, name);
    db_run(cache->db, entry->unit, SCOPE_DEADLINE_MS, entry_fetched, entry);
    return entry;
}

/* ---- requests ------------------------------------------------------------------------------ */

static bool request_holds(const struct scope_request *request, const struct scope_entry *entry)
{
    for (size_t i = 0; i < SCOPE_LEVELS; i++) {
        if (request->entries[i] == entry) {
            return true;
        }
    }
    return false;
}

/* Fills in the documents that have arrived. True: the request can be answered, because no document
 * is on its way or because one of them failed. */
static bool request_ready(struct scope_request *request)
{
    bool complete = true;

    for (size_t i = 0; i < SCOPE_LEVELS; i++) {
        const struct scope_entry *entry = request->entries[i];

        request->set.scopes[i] = entry != NULL ? entry->scope : NULL;
        if (entry != NULL && entry->unit != NULL) {
            complete = false;
        } else if (entry != NULL && entry->scope == NULL && request->trouble == REASON_NONE) {
            request->trouble = REASON_SCOPE_UNREADABLE;
        }
    }
    return complete || request->trouble != REASON_NONE;
}

static void entries_release(struct scope_entry *const entries[static SCOPE_LEVELS])
{
    for (size_t i = 0; i < SCOPE_LEVELS; i++) {
        if (entries[i] != NULL) {
            entries[i]->holders--;
        }
    }
}

/* `done` may free the request or use it again. */
static void request_finish(struct scope_cache *cache, struct scope_request *request)
{
    struct scope_entry *held[SCOPE_LEVELS];

    memcpy(held, request->entries, sizeof(held));
    request->pending = false;
    TAILQ_REMOVE(&cache->waiting, request, link);
    request->done(request, request->trouble);
    entries_release(held);
}

/* A request that can be answered; NULL: there is none. */
static struct scope_request *cache_take_ready(struct scope_cache *cache)
{
    struct scope_request *request;

    TAILQ_FOREACH (request, &cache->waiting, link) {
        if (request_ready(request)) {
            return request;
        }
    }
    return NULL;
}

static void entry_finish(struct scope_entry *entry, enum reason trouble)
{
    struct scope_cache *cache = entry->cache;
    struct scope_request *request;
    bool failed = trouble != REASON_NONE && trouble != REASON_SCOPE_UNREADABLE;

    TAILQ_FOREACH (request, &cache->waiting, link) {
        if (request_holds(request, entry) && request->trouble == REASON_NONE) {
            request->trouble = trouble;
        }
    }
    if (failed) { // the next request for the document fetches it again
        entry_unlink(entry);
    }
    while ((request = cache_take_ready(cache)) != NULL) {
        request_finish(cache, request);
    }
    if (failed) {
        entry_free(entry);
    }
    cache_shrink(cache);
}

bool scope_cache_get(struct scope_cache *cache, struct scope_request *request, enum reason *trouble)
{
    request->trouble = REASON_NONE;
    for (size_t i = 0; i < SCOPE_LEVELS; i++) {
        const char *name = request->set.names[i].hash;
        struct scope_entry *entry = name[0] != '\0' ? entry_find(cache, name) : NULL;

        if (entry == NULL && name[0] != '\0') {
            entry = entry_fetch(cache, name);
        } else if (entry != NULL) {
            TAILQ_REMOVE(&cache->used, entry, used);
            TAILQ_INSERT_TAIL(&cache->used, entry, used);
        }
        request->entries[i] = entry;
        if (entry != NULL) {
            entry->holders++;
        }
    }
    if (request_ready(request)) {
        *trouble = request->trouble;
        entries_release(request->entries);
        return true;
    }
    request->pending = true;
    TAILQ_INSERT_TAIL(&cache->waiting, request, link);
    cache_shrink(cache);
    return false;
}

void scope_cache_cancel(struct scope_cache *cache, struct scope_request *request)
{
    if (request->pending) {
        request->pending = false;
        TAILQ_REMOVE(&cache->waiting, request, link);
        entries_release(request->entries);
    }
}

/* ---- life ---------------------------------------------------------------------------------- */

struct scope_cache *scope_cache_create(struct db *db)
{
    struct scope_cache *cache = mem_new(struct scope_cache);

    cache->db = db;
    TAILQ_INIT(&cache->used);
    TAILQ_INIT(&cache->waiting);
    return cache;
}

void scope_cache_destroy(struct scope_cache *cache)
{
    struct scope_entry *entry;

    if (cache == NULL) {
        return;
    }
    while ((entry = TAILQ_FIRST(&cache->used)) != NULL) {
        entry_unlink(entry);
        entry_free(entry);
    }
    free(cache);
}
