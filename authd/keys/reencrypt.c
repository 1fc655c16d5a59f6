/* A run goes through each old key and each table in order of id. Another run follows soon after the
 * first run under a new key, and after each run that replaced something: a node may still have
 * written ciphertexts of the old key while the run was under way.
 *
 * Threats: a ciphertext that gets into another row (the new one is bound to the same row, and
 * replaces only the ciphertext that was read); a row that cannot be decrypted and blocks the run
 * (a run tries each row once); a login that waits for a run (see authd.ciphertexts_replace()). */
#include "keys/reencrypt.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "crypto/aead.h"
#include "loop/loop.h"
#include "store/db.h"

#define BATCH_MAX   250
#define PAUSE_MS    50
#define SOON_MS     (60 * 1000)
#define LATER_MS    (60 * 60 * 1000)
#define DATABASE_MS 10000
#define NUMBER_SIZE 24

/* The tables that hold ciphertexts. */
static const struct place {
    const char *name; /* the table */
    const char *kind; /* of struct aead_row */
} places[] = {
    {"account", "password"},
    {"app_password", "app-password"},
    {"totp", "totp"},
    {"totp_pending", "totp"},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

struct item {
    char id[NUMBER_SIZE];
    char old[AEAD_MAX + 1];
    char new[AEAD_MAX + 1];
};

struct batch {
    size_t count;
    struct item items[BATCH_MAX];
};

struct reencrypt {
    struct core *core;
    struct event timer;            // set during a pause
    struct db_unit *unit;          // reads or writes a batch; NULL: neither
    struct batch *batch;           // on its way to the database
    bool running;                  // a run is under way
    char under[KEY_ID_LENGTH + 1]; // the current key when the run began
    bool first;                    // the run is the first under that key
    int64_t next;                  // clock_ms() from which the next run may begin
    size_t key;                    // index of the old key in the ring, from 1
    size_t place;                  // index of the table
    int64_t after;                 // the last id that was read
    int64_t replaced;              // how many ciphertexts the run replaced
    int64_t broken;                // how many ciphertexts of the run could not be decrypted
    int64_t broken_logged;         // the value of `broken` that the log named last
};

static void run_step(struct reencrypt *reencrypt);

static void batch_drop(struct reencrypt *reencrypt)
{
    if (reencrypt->batch != NULL) {
        secret_wipe(reencrypt->batch, sizeof(*reencrypt->batch));
        free(reencrypt->batch);
        reencrypt->batch = NULL;
    }
}

/* ---- a run --------------------------------------------------------------------------------- */

static void run_report(struct reencrypt *reencrypt)
{
    struct log_line line;

    if (reencrypt->replaced == 0 && reencrypt->broken == reencrypt->broken_logged) {
        return;
    }
    log_begin(&line, reencrypt->broken > 0 ? LOG_ERROR : LOG_INFO, "reencrypted");
    log_text(&line, "key", reencrypt->under);
    log_number(&line, "replaced", reencrypt->replaced);
    log_number(&line, "broken", reencrypt->broken);
    log_end(&line);
    reencrypt->broken_logged = reencrypt->broken;
}

static void run_end(struct reencrypt *reencrypt, int64_t again_ms)
{
    batch_drop(reencrypt);
    reencrypt->running = false;
    reencrypt->next = clock_ms() + again_ms;
}

static void run_finish(struct reencrypt *reencrypt)
{
    run_report(reencrypt);
    run_end(reencrypt, reencrypt->replaced > 0 || reencrypt->first ? SOON_MS : LATER_MS);
}

static void run_pause(struct reencrypt *reencrypt)
{
    const struct timeval pause = {.tv_usec = PAUSE_MS * 1000};

    evtimer_add(&reencrypt->timer, &pause);
}

static void run_paused(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    run_step(arg);
}

/* ---- a batch ------------------------------------------------------------------------------- */

/* False: the ciphertext cannot be decrypted. */
static bool item_reencrypt(const struct reencrypt *reencrypt, const struct db_result *rows, int n,
                           struct item *item)
{
    const struct key_set *keys = &reencrypt->core->keys->encryption;
    const struct aead_row row = {
        .kind = places[reencrypt->place].kind,
        .id = db_int(rows, n, 1),
        .owner = db_int(rows, n, 2),
        .version = db_int(rows, n, 3),
    };
    const char *encrypted = db_text(rows, n, 4);
    char text[AEAD_PLAINTEXT_MAX + 1];
    size_t length;

    if (strlen(encrypted) > AEAD_MAX ||
        aead_decrypt(keys, &row, span_of(encrypted), text, &length) != AEAD_DECRYPTED) {
        return false;
    }
    snprintf(item->id, sizeof(item->id), "%" PRId64, db_int(rows, n, 0));
    memcpy(item->old, encrypted, strlen(encrypted) + 1);
    aead_encrypt(keys, &row, (struct span){text, length}, item->new);
    secret_wipe(text, sizeof(text));
    return true;
}

static void batch_replaced(const struct db_result *result, void *arg)
{
    struct reencrypt *reencrypt = arg;
    int64_t replaced = result->status == DB_OK ? db_int(result, 0, 0) : -1;

    reencrypt->unit = NULL;
    batch_drop(reencrypt);
    if (replaced < 0) { // the database cannot be reached, or another node is at work
        run_end(reencrypt, SOON_MS);
        return;
    }
    reencrypt->replaced += replaced;
    run_pause(reencrypt);
}

static void batch_write(struct reencrypt *reencrypt)
{
    struct batch *batch = reencrypt->batch;
    const char *texts[3][BATCH_MAX];

    for (size_t i = 0; i < batch->count; i++) {
        texts[0][i] = batch->items[i].id;
        texts[1][i] = batch->items[i].old;
        texts[2][i] = batch->items[i].new;
    }
    reencrypt->unit = db_unit_create(STATEMENT_CIPHERTEXTS_REPLACE);
    db_unit_text(reencrypt->unit, places[reencrypt->place].name);
    for (size_t i = 0; i < 3; i++) {
        db_unit_text_array(reencrypt->unit, texts[i], batch->count);
    }
    db_run(reencrypt->core->db, reencrypt->unit, DATABASE_MS, batch_replaced, reencrypt);
}

static void batch_read(const struct db_result *rows, void *arg)
{
    struct reencrypt *reencrypt = arg;

    reencrypt->unit = NULL;
    if (rows->status != DB_OK) {
        run_end(reencrypt, SOON_MS);
        return;
    }
    reencrypt->batch = mem_new(struct batch);
    for (int n = 0; n < rows->rows; n++) {
        struct batch *batch = reencrypt->batch;

        if (item_reencrypt(reencrypt, rows, n, &batch->items[batch->count])) {
            batch->count++;
        } else {
            reencrypt->broken++;
        }
        reencrypt->after = db_int(rows, n, 0);
    }
    if (rows->rows < BATCH_MAX) { // the table has no further rows
        reencrypt->after = INT64_MAX;
    }
    if (reencrypt->batch->count > 0) {
        batch_write(reencrypt);
    } else {
        batch_drop(reencrypt);
        run_pause(reencrypt);
    }
}

/* ---- from step to step --------------------------------------------------------------------- */

static void run_step(struct reencrypt *reencrypt)
{
    const struct key_set *keys = &reencrypt->core->keys->encryption;

    if (strcmp(reencrypt->under, keys->keys[0].id) != 0) { // a rotation came: the run starts over
        run_end(reencrypt, 0);
        return;
    }
    if (reencrypt->after == INT64_MAX) {
        reencrypt->after = INT64_MIN;
        reencrypt->place++;
    }
    if (reencrypt->place == PLACES) {
        reencrypt->place = 0;
        reencrypt->key++;
    }
    if (reencrypt->key >= keys->count) {
        run_finish(reencrypt);
        return;
    }
    reencrypt->unit = db_unit_create(STATEMENT_CIPHERTEXTS_STALE);
    db_unit_text(reencrypt->unit, places[reencrypt->place].name);
    db_unit_text(reencrypt->unit, keys->keys[reencrypt->key].id);
    db_unit_int(reencrypt->unit, reencrypt->after);
    db_unit_int(reencrypt->unit, BATCH_MAX);
    db_run(reencrypt->core->db, reencrypt->unit, DATABASE_MS, batch_read, reencrypt);
}

void reencrypt_maybe_start(struct reencrypt *reencrypt)
{
    const struct key_set *keys = &reencrypt->core->keys->encryption;
    bool rotated = strcmp(reencrypt->under, keys->keys[0].id) != 0;

    if (reencrypt->running || keys->count < 2 || (!rotated && clock_ms() < reencrypt->next)) {
        return;
    }
    memcpy(reencrypt->under, keys->keys[0].id, sizeof(reencrypt->under));
    reencrypt->first = rotated;
    reencrypt->running = true;
    reencrypt->key = 1;
    reencrypt->place = 0;
    reencrypt->after = INT64_MIN;
    reencrypt->replaced = 0;
    reencrypt->broken = 0;
    run_step(reencrypt);
}

struct reencrypt *reencrypt_create(struct core *core)
{
    struct reencrypt *reencrypt = mem_new(struct reencrypt);

    reencrypt->core = core;
    evtimer_assign(&reencrypt->timer, loop_base(core->loop), run_paused, reencrypt);
    return reencrypt;
}

void reencrypt_destroy(struct reencrypt *reencrypt)
{
    if (reencrypt == NULL) {
        return;
    }
    event_del(&reencrypt->timer);
    if (reencrypt->unit != NULL) {
        db_cancel(reencrypt->unit);
    }
    batch_drop(reencrypt);
    free(reencrypt);
}
