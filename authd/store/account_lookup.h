/* The batched account lookup: all logins of one loop turn go out as one unit of at most 64 names,
 * with at most two units in flight, so batches grow under load. */
#ifndef STORE_ACCOUNT_LOOKUP_H
#define STORE_ACCOUNT_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "store/db.h"

struct account_lookup;
struct account_lookup_batch;
struct loop;

#define ACCOUNT_LOOKUP_BATCH_MAX 64
#define LOOKUP_DEADLINE_MS       3000

/* One account as authd.login_lookup() returned it; valid during the callback only. */
struct account_row {
    int64_t id;
    int64_t version;   /* rises with every change that a running login must notice */
    const char *login; /* canonical */
    bool suspended;
    const char *password; /* the stored hash, encrypted; NULL: the account has no main password */
    /* The cipher version of `password`; 0: the account has no main password. */
    int64_t cipher_version;
    int generation; /* the main password's number: N of the identity alice#pN@example.org */

    /* The id of the app password with the requested selector; 0: the account has no such app
     * password, and the members up to `expired` are unset. */
    int64_t credential;
    int64_t credential_version;
    const char *verifier; /* hex */
    const char *key;      /* the name of the pepper of `verifier` */
    bool expired;

    const char *scopes; /* the scope of each level as a word; see authd.login_lookup() */
    int64_t now;        /* the database's clock, in seconds since 1970 */

    const char *role;
    const char *domain_policy; /* second-factor policy of the domain; NULL: the domain sets none */
    const char *user_policy;   /* second-factor policy of the user; NULL: the user has none */
    /* The id of the TOTP enrolment; 0: the user has not enrolled, and the members below are
     * unset. */
    int64_t factor;
    const char *seed; /* encrypted */
    const char *algorithm;
    unsigned digits;
};

/* One lookup; embedded in its asker, who must cancel a pending request before going away. */
struct account_lookup_request {
    const char *login; /* canonical (core/name); owned by the asker until `done` */
    /* The selector of the presented app password; "": none was presented. Owned by the asker until
     * `done`. */
    const char *selector;
    /* `row` is NULL for an unknown login, and whenever `status` is not DB_OK. */
    void (*done)(struct account_lookup_request *request, enum db_status status,
                 const struct account_row *row);
    bool pending;                             // this member and those below are private to lookup.c
    int64_t deadline;                         // clock_ms()
    struct account_lookup_batch *batch;       // NULL: the request is waiting
    unsigned place;                           // index in account_lookup_batch::requests
    TAILQ_ENTRY(account_lookup_request) link; // lookup::waiting
};

struct account_lookup *account_lookup_create(struct loop *loop, struct db *db);
void account_lookup_destroy(struct account_lookup *lookup); /* no request may be pending */

/* `done` is called within LOOKUP_DEADLINE_MS, after this call has returned. */
void account_lookup_submit(struct account_lookup *lookup, struct account_lookup_request *request);
/* The request need not be pending. */
void account_lookup_cancel(struct account_lookup *lookup, struct account_lookup_request *request);

#endif
