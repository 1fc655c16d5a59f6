/* The batcher of account lookups.
 *
 * A single lookup costs a round trip; a batch costs one round trip for up to 64 lookups. Batches
 * form by themselves: while two are in flight, new requests wait, and they leave together when one
 * batch is back.
 *
 * All requests have the same time limit, so every list of requests is in order of deadline. The
 * limit is kept here for each request: a batch that is late for its oldest request may still serve
 * the others.
 */
#include "store/account_lookup.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"

#define BATCHES_MAX 2

TAILQ_HEAD(request_list, account_lookup_request);

struct account_lookup_batch {
    struct account_lookup *lookup;
    struct db_unit *unit; /* NULL: the batch is not in flight */
    unsigned count;
    /* NULL: the request was answered or cancelled. */
    struct account_lookup_request *requests[ACCOUNT_LOOKUP_BATCH_MAX];
};

struct account_lookup {
    struct loop *loop;
    struct db *db;
    struct request_list waiting;
    struct account_lookup_batch batches[BATCHES_MAX];
    struct loop_hook hook; /* sends batches */
    struct event timer;    /* pending while there are requests; may fire early */
};

/* The columns of authd.login_lookup(). */
enum {
    COLUMN_N,
    COLUMN_ID,
    COLUMN_VERSION,
    COLUMN_LOGIN,
    COLUMN_SUSPENDED,
    COLUMN_PASSWORD,
    COLUMN_GENERATION,
    COLUMN_CREDENTIAL,
    COLUMN_CREDENTIAL_VERSION,
    COLUMN_VERIFIER,
    COLUMN_KEY,
    COLUMN_EXPIRED,
    COLUMN_SCOPES,
    COLUMN_SECONDS,
    COLUMN_CIPHER_VERSION,
    COLUMN_ROLE,
    COLUMN_DOMAIN_POLICY,
    COLUMN_USER_POLICY,
    COLUMN_FACTOR,
    COLUMN_SEED,
    COLUMN_ALGORITHM,
    COLUMN_DIGITS
};

/* ---- answers -----------------------------------------------------------------------------------
 */

/* In its callback the asker may free the request, or submit it again. */
static void request_finish(struct account_lookup_request *request, enum db_status status,
                           const struct account_row *row)
{
    request->pending = false;
    request->done(request, status, row);
}

static struct account_lookup_request *batch_remove(struct account_lookup_batch *batch,
                                                   unsigned place)
{
    struct account_lookup_request *request = batch->requests[place];
    batch->requests[place] = NULL;
    return request;
}

static void row_credential(const struct db_result *result, int row, struct account_row *account)
{
    if (db_text(result, row, COLUMN_CREDENTIAL) == NULL) {
        return;
    }
    account->credential = db_int(result, row, COLUMN_CREDENTIAL);
    account->credential_version = db_int(result, row, COLUMN_CREDENTIAL_VERSION);
    account->verifier = db_text(result, row, COLUMN_VERIFIER);
    account->key = db_text(result, row, COLUMN_KEY);
    account->expired = db_bool(result, row, COLUMN_EXPIRED);
}

static void row_factor(const struct db_result *result, int row, struct account_row *account)
{
    account->role = db_text(result, row, COLUMN_ROLE);
    account->domain_policy = db_text(result, row, COLUMN_DOMAIN_POLICY);
    account->user_policy = db_text(result, row, COLUMN_USER_POLICY);
    if (db_text(result, row, COLUMN_FACTOR) == NULL) {
        return;
    }
    account->factor = db_int(result, row, COLUMN_FACTOR);
    account->seed = db_text(result, row, COLUMN_SEED);
    account->algorithm = db_text(result, row, COLUMN_ALGORITHM);
    account->digits = (unsigned)db_int(result, row, COLUMN_DIGITS);
}

static void batch_answer_row(struct account_lookup_batch *batch, const struct db_result *result,
                             int row)
{
    int64_t n = db_int(result, row, COLUMN_N);
    if (n < 1 || n > batch->count) {
        abort(); /* the statement cannot return this value: a bug */
    }
    struct account_lookup_request *request = batch_remove(batch, (unsigned)n - 1);
    if (request == NULL) {
        return;
    }
    struct account_row account = {
        .id = db_int(result, row, COLUMN_ID),
        .version = db_int(result, row, COLUMN_VERSION),
        .login = db_text(result, row, COLUMN_LOGIN),
        .suspended = db_bool(result, row, COLUMN_SUSPENDED),
        .password = db_text(result, row, COLUMN_PASSWORD),
        .generation = (int)db_int(result, row, COLUMN_GENERATION),
        .scopes = db_text(result, row, COLUMN_SCOPES),
        .now = db_int(result, row, COLUMN_SECONDS),
    };
    if (db_text(result, row, COLUMN_CIPHER_VERSION) != NULL) {
        account.cipher_version = db_int(result, row, COLUMN_CIPHER_VERSION);
    }
    row_credential(result, row, &account);
    row_factor(result, row, &account);
    request_finish(request, DB_OK, &account);
}

static void batch_done(const struct db_result *result, void *arg)
{
    struct account_lookup_batch *batch = arg;
    for (int row = 0; row < result->rows; row++) {
        batch_answer_row(batch, result, row);
    }
    for (unsigned i = 0; i < batch->count; i++) {
        struct account_lookup_request *request = batch_remove(batch, i);
        if (request != NULL) {
            request_finish(request, result->status, NULL);
        }
    }
    batch->unit = NULL;
    if (!TAILQ_EMPTY(&batch->lookup->waiting)) {
        loop_defer(batch->lookup->loop, LOOP_BATCH, &batch->lookup->hook);
    }
}

/* ---- questions ---------------------------------------------------------------------------------
 */

static void batch_send(struct account_lookup_batch *batch)
{
    struct account_lookup *lookup = batch->lookup;
    const char *names[ACCOUNT_LOOKUP_BATCH_MAX];
    const char *selectors[ACCOUNT_LOOKUP_BATCH_MAX];
    int64_t deadline = 0;
    struct account_lookup_request *request;
    batch->count = 0;
    while (batch->count < ACCOUNT_LOOKUP_BATCH_MAX &&
           (request = TAILQ_FIRST(&lookup->waiting)) != NULL) {
        TAILQ_REMOVE(&lookup->waiting, request, link);
        request->batch = batch;
        request->place = batch->count;
        deadline = request->deadline; /* in the end the youngest request's */
        names[batch->count] = request->login;
        selectors[batch->count] = request->selector;
        batch->requests[batch->count++] = request;
    }
    int64_t left = deadline - clock_ms();
    batch->unit = db_unit_create(STATEMENT_LOOKUP);
    db_unit_text_array(batch->unit, names, batch->count);
    db_unit_text_array(batch->unit, selectors, batch->count);
    db_run(lookup->db, batch->unit, left > 1 ? (int)left : 1, batch_done, batch);
}

static void account_lookup_send(void *arg)
{
    struct account_lookup *lookup = arg;
    for (int i = 0; i < BATCHES_MAX && !TAILQ_EMPTY(&lookup->waiting); i++) {
        if (lookup->batches[i].unit == NULL) {
            batch_send(&lookup->batches[i]);
        }
    }
}

static void timer_start(struct account_lookup *lookup, int64_t ms)
{
    ms = ms < 1 ? 1 : ms;
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(&lookup->timer, &delay);
}

void account_lookup_submit(struct account_lookup *lookup, struct account_lookup_request *request)
{
    assert(!request->pending);
    request->pending = true;
    request->batch = NULL;
    request->deadline = clock_ms() + LOOKUP_DEADLINE_MS;
    TAILQ_INSERT_TAIL(&lookup->waiting, request, link);
    loop_defer(lookup->loop, LOOP_BATCH, &lookup->hook);
    if (!event_pending(&lookup->timer, EV_TIMEOUT, NULL)) {
        timer_start(lookup, LOOKUP_DEADLINE_MS);
    }
}

void account_lookup_cancel(struct account_lookup *lookup, struct account_lookup_request *request)
{
    if (!request->pending) {
        return;
    }
    request->pending = false;
    if (request->batch != NULL) {
        batch_remove(request->batch, request->place);
    } else {
        TAILQ_REMOVE(&lookup->waiting, request, link);
    }
}

/* ---- deadlines ---------------------------------------------------------------------------------
 */

/* Takes the first late request off its list. NULL: no request is late, and `next` is brought
 * forward to the earliest deadline. */
static struct account_lookup_request *account_lookup_take_late(struct account_lookup *lookup,
                                                               int64_t now, int64_t *next)
{
    for (int i = 0; i < BATCHES_MAX; i++) {
        struct account_lookup_batch *batch = &lookup->batches[i];
        unsigned first = 0;
        while (first < batch->count && batch->requests[first] == NULL) {
            first++;
        }
        if (first == batch->count) {
            continue;
        }
        if (batch->requests[first]->deadline <= now) {
            return batch_remove(batch, first);
        }
        *next = batch->requests[first]->deadline < *next ? batch->requests[first]->deadline : *next;
    }
    struct account_lookup_request *request = TAILQ_FIRST(&lookup->waiting);
    if (request == NULL) {
        return NULL;
    }
    if (request->deadline <= now) {
        TAILQ_REMOVE(&lookup->waiting, request, link);
        return request;
    }
    *next = request->deadline < *next ? request->deadline : *next;
    return NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct account_lookup *lookup = arg;
    int64_t now = clock_ms();
    int64_t next = INT64_MAX;
    struct account_lookup_request *request;
    while ((request = account_lookup_take_late(lookup, now, &next)) != NULL) {
        request_finish(request, DB_TIMEOUT, NULL);
    }
    if (next != INT64_MAX) {
        timer_start(lookup, next - now);
    }
}

/* ---- life --------------------------------------------------------------------------------------
 */

struct account_lookup *account_lookup_create(struct loop *loop, struct db *db)
{
    struct account_lookup *lookup = mem_new(struct account_lookup);
    lookup->loop = loop;
    lookup->db = db;
    lookup->hook = (struct loop_hook){.run = account_lookup_send, .arg = lookup};
    TAILQ_INIT(&lookup->waiting);
    for (int i = 0; i < BATCHES_MAX; i++) {
        lookup->batches[i].lookup = lookup;
    }
    event_assign(&lookup->timer, loop_base(loop), -1, 0, on_timer, lookup);
    return lookup;
}

void account_lookup_destroy(struct account_lookup *lookup)
{
    if (lookup == NULL) {
        return;
    }
    loop_undefer(lookup->loop, &lookup->hook);
    event_del(&lookup->timer);
    for (int i = 0; i < BATCHES_MAX; i++) {
        if (lookup->batches[i].unit != NULL) {
            db_cancel(lookup->batches[i].unit);
        }
    }
    free(lookup);
}
