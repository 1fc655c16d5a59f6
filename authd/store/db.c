/* The pool: three lanes that share only the connection string. */
#include "store/db.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/lane.h"

/* The last reported failure of a statement, and when it was reported. */
struct failure {
    char sqlstate[6];
    int64_t at;
};

struct db {
    struct db_options options;
    struct conninfo target;
    struct err unusable; /* the last report; empty: no report since the READ lane came up */
    struct failure failed[STATEMENT_COUNT];
    struct lane lanes[LANES];
};

#define SCHEMA_CLASS    "AU"
#define FAILED_AGAIN_MS 60000

static void lane_up(struct lane *lane)
{
    struct db *db = lane->owner;
    for (int i = 0; i < LANES; i++) {
        lane_retry_now(&db->lanes[i]);
    }
    if (lane == &db->lanes[LANE_READ]) {
        db->unusable.text[0] = '\0';
        db->options.up(db->options.arg);
    }
}

static void lane_down(struct lane *lane, const char *why)
{
    struct db *db = lane->owner;
    if (lane == &db->lanes[LANE_READ]) {
        db->options.down(db->options.arg, why);
    }
}

/* Reports an unusable database once, although every connection of every lane meets it again and
 * again. */
static void lane_unusable(struct lane *lane, const char *text)
{
    struct db *db = lane->owner;
    if (strcmp(db->unusable.text, text) != 0) {
        err_set(&db->unusable, "%s", text);
        db->options.unusable(db->options.arg, text);
    }
}

/* Reports a statement's failure unless the error is an answer of the schema's own functions, which
 * is for the caller. A failure of the installation is reported when it is new, and again after
 * FAILED_AGAIN_MS. */
static void lane_failed(struct lane *lane, const struct db_unit *unit)
{
    struct db *db = lane->owner;
    const char *sqlstate = PQresultErrorField(unit->result, PG_DIAG_SQLSTATE);
    struct failure *last = &db->failed[unit->statement];
    struct err text;

    if (strncmp(sqlstate, SCHEMA_CLASS, strlen(SCHEMA_CLASS)) == 0 ||
        (strcmp(sqlstate, last->sqlstate) == 0 && clock_ms() - last->at < FAILED_AGAIN_MS)) {
        return;
    }
    snprintf(last->sqlstate, sizeof(last->sqlstate), "%s", sqlstate);
    last->at = clock_ms();
    err_set(&text, "%s: %s (SQLSTATE %s)", statement_table[unit->statement].name,
            PQresultErrorField(unit->result, PG_DIAG_MESSAGE_PRIMARY), sqlstate);
    db->options.failed(db->options.arg, text.text);
}

static const struct lane_ops lane_ops = {
    .failed = lane_failed,
    .up = lane_up,
    .down = lane_down,
    .unusable = lane_unusable,
};

struct db *db_create(struct loop *loop, const struct db_options *options)
{
    struct db *db = mem_new(struct db);
    db->options = *options;
    db->options.url = NULL; /* the text is the caller's; `target` has its contents */
    if (!conninfo_init(&db->target, options->url)) {
        conninfo_finish(&db->target); /* without endpoints every attempt fails with this cause */
    }
    for (int i = 0; i < LANES; i++) {
        const struct conn_options conn_options = {
            .loop = loop,
            .target = &db->target,
            .resolver = options->resolver,
            .keys = options->keys,
            .lane = (enum db_lane)i,
        };
        unsigned connections = i == LANE_READ ? options->read_connections : 1;
        lane_init(&db->lanes[i], &conn_options, connections, &lane_ops, db);
    }
    return db;
}

void db_destroy(struct db *db)
{
    if (db == NULL) {
        return;
    }
    for (int i = 0; i < LANES; i++) {
        lane_finish(&db->lanes[i]);
    }
    conninfo_finish(&db->target);
    free(db);
}

void db_run(struct db *db, struct db_unit *unit, int deadline_ms, db_done_f *done, void *arg)
{
    const struct statement_info *info = &statement_table[unit->statement];
    assert(unit->count == info->parameters);
    unit->done = done;
    unit->arg = arg;
    unit->deadline = clock_ms() + deadline_ms;
    lane_run(&db->lanes[info->lane], unit);
}

void db_cancel(struct db_unit *unit)
{
    unit->cancelled = true;
}
