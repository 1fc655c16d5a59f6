/* The batched account lookup: all logins of one loop turn go out as one unit of at most 64 names,
 * with at most two units in flight, so batches grow under load. */
#ifndef STORE_LOOKUP_H
#define STORE_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "store/db.h"

struct lookup;
struct lookup_batch;
struct loop;

#define LOOKUP_BATCH_MAX   64
#define LOOKUP_DEADLINE_MS 3000

/* One account as authd.login_lookup() returned it; valid during the callback only. */
struct account_row {
    int64_t id;
    int64_t version;   /* rises with every change that a running login must notice */
    const char *login; /* canonical */
    bool suspended;
    const char *password; /* stored hash, sealed; NULL: no main password */
    int64_t seal;         /* over which version; 0: none */
    int generation;       /* of the main password: N of the identity alice#pN@example.org */

    /* The app password that was asked for, if it is this account's; 0: it is not. */
    int64_t credential;
    int64_t credential_version;
    const char *verifier; /* hex */
    const char *key;      /* the pepper's name */
    bool expired;

    const char *scopes; /* a word for each level, as the function says */
    int64_t now;        /* the database's clock, in seconds since 1970 */

    const char *role;
    const char *domain_policy; /* on second factors; NULL: it says nothing */
    const char *user_policy;
    int64_t factor; /* the enrolment; 0: none, and so: */
    const char *seed;
    const char *algorithm;
    unsigned digits;
};

/* Embedded in the asker, who cancels it before going away. */
struct lookup_request {
    const char *login;    /* canonical: it has passed core/name; owned by the asker until done */
    const char *selector; /* of the app password that was shown, likewise; "": none was */
    /* `row` is NULL for an unknown login and whenever `status` is not DB_OK. */
    void (*done)(struct lookup_request *request, enum db_status status,
                 const struct account_row *row);
    bool pending;                     // private to lookup.c, as all below
    int64_t deadline;                 // clock_ms()
    struct lookup_batch *batch;       // in flight; NULL: waiting
    unsigned place;                   // lookup_batch::askers
    TAILQ_ENTRY(lookup_request) link; // lookup::waiting
};

struct lookup *lookup_create(struct loop *loop, struct db *db);
void lookup_destroy(struct lookup *lookup); /* no request is pending */

/* `done` is called within LOOKUP_DEADLINE_MS, never from inside this call. */
void lookup_submit(struct lookup *lookup, struct lookup_request *request);
void lookup_cancel(struct lookup *lookup, struct lookup_request *request); /* not pending is fine */

#endif
