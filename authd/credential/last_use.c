/* A table of recent records keeps an often used app password from being written again and again.
 * Each id has one place in the table, which another id may take; then the app password is written
 * once more than necessary, never too rarely. After a failed write the table is emptied, so that
 * the next use is written. */
#include "credential/last_use.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/core.h"
#include "core/network.h"
#include "loop/loop.h"
#include "store/db.h"

#define KNOWN_MAX   4096
#define BATCH_MAX   256
#define BATCH_MS    1000
#define DATABASE_MS 5000
/* authd.app_password_used() adds five minutes: a last use is exact to 15 minutes. */
#define AGAIN_MS (10 * 60 * 1000)

struct use {
    char id[24];
    char client[NETWORK_TEXT_SIZE];
};

struct last_uses {
    struct core *core;
    struct event timer;   /* pending while records wait and no statement runs */
    struct db_unit *unit; /* the statement that runs, or NULL */
    unsigned count;
    struct use batch[BATCH_MAX];
    struct {
        int64_t id;
        int64_t at; /* clock_ms() of the last record */
    } known[KNOWN_MAX];
};

static void uses_arm(struct last_uses *uses)
{
    const struct timeval delay = {.tv_sec = BATCH_MS / 1000};

    if (uses->unit == NULL && !evtimer_pending(&uses->timer, NULL)) {
        evtimer_add(&uses->timer, &delay);
    }
}

static void uses_written(const struct db_result *result, void *arg)
{
    struct last_uses *uses = arg;

    uses->unit = NULL;
    if (result->status != DB_OK) {
        memset(uses->known, 0, sizeof(uses->known));
    }
    if (uses->count > 0) {
        uses_arm(uses);
    }
}

static void uses_write(evutil_socket_t fd, short what, void *arg)
{
    struct last_uses *uses = arg;
    const char *ids[BATCH_MAX];
    const char *clients[BATCH_MAX];

    (void)fd;
    (void)what;
    for (unsigned i = 0; i < uses->count; i++) {
        ids[i] = uses->batch[i].id;
        clients[i] = uses->batch[i].client;
    }
    uses->unit = db_unit_create(STATEMENT_APP_PASSWORD_USED);
    db_unit_text_array(uses->unit, ids, uses->count);
    db_unit_text_array(uses->unit, clients, uses->count);
    uses->count = 0;
    db_run(uses->core->db, uses->unit, DATABASE_MS, uses_written, uses);
}

void last_use_add(struct last_uses *uses, int64_t app_password, const char *client)
{
    size_t place = (uint64_t)app_password % KNOWN_MAX;
    struct network_address address;
    int64_t now = clock_ms();
    struct use *use = &uses->batch[uses->count];

    if (uses->known[place].id == app_password && now - uses->known[place].at < AGAIN_MS) {
        return;
    }
    if (uses->count == BATCH_MAX) {
        return; /* the batch is full; the app password's next use is recorded */
    }
    uses->known[place].id = app_password;
    uses->known[place].at = now;
    network_address_parse(span_of(client), &address);
    network_address_text(&address, use->client);
    snprintf(use->id, sizeof(use->id), "%" PRId64, app_password);
    uses->count++;
    uses_arm(uses);
}

struct last_uses *last_uses_create(struct core *core)
{
    struct last_uses *uses = mem_new(struct last_uses);

    uses->core = core;
    evtimer_assign(&uses->timer, loop_base(core->loop), uses_write, uses);
    return uses;
}

void last_uses_destroy(struct last_uses *uses)
{
    if (uses == NULL) {
        return;
    }
    event_del(&uses->timer);
    if (uses->unit != NULL) {
        db_cancel(uses->unit);
    }
    free(uses);
}
