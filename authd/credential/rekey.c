#include "credential/rekey.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "loop/loop.h"
#include "store/db.h"

#define BATCH_MAX   256
#define BATCH_MS    1000
#define DATABASE_MS 5000

struct item {
    char id[24];
    char old[KEYED_HASH_HEX_SIZE];
    char new[KEYED_HASH_HEX_SIZE];
    char key[KEY_ID_LENGTH + 1];
};

/* Verifiers of one kind that wait to be written. */
struct batch {
    struct rekeys *rekeys;
    enum statement statement;
    struct db_unit *unit; // writes the batch before; NULL: none is on its way
    size_t count;
    struct item items[BATCH_MAX];
};

struct rekeys {
    struct core *core;
    struct event timer; // set while a batch is not empty
    struct batch batches[VERIFIER_KINDS];
};

static void rekeys_arm(struct rekeys *rekeys)
{
    const struct timeval delay = {.tv_sec = BATCH_MS / 1000};

    if (!evtimer_pending(&rekeys->timer, NULL)) {
        evtimer_add(&rekeys->timer, &delay);
    }
}

/* Ignores errors: the next use of the secret makes the verifier again. */
static void batch_written(const struct db_result *result, void *arg)
{
    struct batch *batch = arg;

    (void)result;
    batch->unit = NULL;
}

static void batch_write(struct batch *batch)
{
    const char *texts[4][BATCH_MAX];

    for (size_t i = 0; i < batch->count; i++) {
        texts[0][i] = batch->items[i].id;
        texts[1][i] = batch->items[i].old;
        texts[2][i] = batch->items[i].new;
        texts[3][i] = batch->items[i].key;
    }
    batch->unit = db_unit_create(batch->statement);
    for (size_t i = 0; i < 4; i++) {
        db_unit_text_array(batch->unit, texts[i], batch->count);
    }
    batch->count = 0;
    db_run(batch->rekeys->core->db, batch->unit, DATABASE_MS, batch_written, batch);
}

static void rekeys_write(evutil_socket_t fd, short what, void *arg)
{
    struct rekeys *rekeys = arg;

    (void)fd;
    (void)what;
    for (size_t kind = 0; kind < VERIFIER_KINDS; kind++) {
        struct batch *batch = &rekeys->batches[kind];

        if (batch->count > 0 && batch->unit == NULL) {
            batch_write(batch);
        } else if (batch->count > 0) {
            rekeys_arm(rekeys);
        }
    }
}

/* An app password that is being replaced has two secrets for a while; a batch takes only one of
 * them. The other verifier is made again at the next use of its secret. */
static bool batch_has(const struct batch *batch, const char *id)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (strcmp(batch->items[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

void rekey_maybe_add(const struct core *core, const struct verifier_row *row, struct span secret)
{
    const struct key *first = &core->keys->peppers.keys[0];
    struct batch *batch = &core->rekeys->batches[row->kind];
    struct item *item = &batch->items[batch->count];

    if (strcmp(row->key, first->id) == 0 || batch->count == BATCH_MAX) {
        return;
    }
    snprintf(item->id, sizeof(item->id), "%" PRId64, row->id);
    if (batch_has(batch, item->id)) {
        return;
    }
    snprintf(item->old, sizeof(item->old), "%s", row->verifier);
    snprintf(item->key, sizeof(item->key), "%s", first->id);
    verifier_make(first, row, secret, item->new);
    batch->count++;
    rekeys_arm(core->rekeys);
}

struct rekeys *rekeys_create(struct core *core)
{
    struct rekeys *rekeys = mem_new(struct rekeys);

    rekeys->core = core;
    rekeys->batches[VERIFIER_APP_PASSWORD].statement = STATEMENT_APP_PASSWORD_REKEY;
    rekeys->batches[VERIFIER_API_KEY].statement = STATEMENT_API_KEY_REKEY;
    for (size_t kind = 0; kind < VERIFIER_KINDS; kind++) {
        rekeys->batches[kind].rekeys = rekeys;
    }
    evtimer_assign(&rekeys->timer, loop_base(core->loop), rekeys_write, rekeys);
    return rekeys;
}

void rekeys_destroy(struct rekeys *rekeys)
{
    if (rekeys == NULL) {
        return;
    }
    event_del(&rekeys->timer);
    for (size_t kind = 0; kind < VERIFIER_KINDS; kind++) {
        if (rekeys->batches[kind].unit != NULL) {
            db_cancel(rekeys->batches[kind].unit);
        }
    }
    secret_wipe(rekeys, sizeof(*rekeys));
    free(rekeys);
}
