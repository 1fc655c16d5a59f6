/* Asks the database every few seconds which keys are current. A current key that is not the first
 * of the ring is put first in its file and in the ring; for this the files are read again, so a key
 * that was copied to this node is found.
 *
 * Threats: an attacker who exchanges the key files while authd runs (new files are taken only if
 * they have the same audit key and every key that the database lists; else the ring stays as it
 * is); a node that goes on using an old key, perhaps a stolen one (the node follows the database,
 * and logs an error while it cannot). */
#include "keys/key_follow.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "keys/reencrypt.h"
#include "loop/loop.h"
#include "store/db.h"

#define EVERY_S     5
#define RETRY_S     1
#define DATABASE_MS 4000
#define ROTATING    2 /* kinds: pepper, sealing */

static const char *const kinds[ROTATING] = {"pepper", "sealing"};

struct keyring {
    struct core *core;
    struct keyring_options options;
    struct event timer;             // set while neither a unit nor a job is under way
    struct db_unit *unit;           // asks the database; NULL: not under way
    struct key_files_job *job;      // reads or changes the key files; NULL: not under way
    bool reload;                    // the next run reads the key files
    bool rotating;                  // manage/key_rotation.c uses the key files
    struct key_ring *candidate;     // keys read for a reload, not taken yet; or NULL
    char missing[KEY_NAME_MAX + 1]; // the missing key that the log named last
};

static struct key_set *set_of(struct key_ring *ring, size_t kind)
{
    return kind == 0 ? &ring->peppers : &ring->sealing;
}

static void keyring_arm(struct keyring *keyring, unsigned seconds)
{
    const struct timeval delay = {.tv_sec = keyring->reload ? 0 : seconds};

    evtimer_add(&keyring->timer, &delay);
}

static void candidate_drop(struct keyring *keyring)
{
    if (keyring->candidate != NULL) {
        secret_wipe(keyring->candidate, sizeof(*keyring->candidate));
        free(keyring->candidate);
        keyring->candidate = NULL;
    }
}

/* ---- taking -------------------------------------------------------------------------------- */

static void keyring_told(const struct keyring *keyring)
{
    const struct key_ring *ring = keyring->options.ring;
    struct log_line line;

    log_begin(&line, LOG_INFO, "keys");
    log_text(&line, "pepper", ring->peppers.keys[0].id);
    log_text(&line, "sealing", ring->sealing.keys[0].id);
    log_end(&line);
}

/* The first key stays the first, whatever the order of the files: the database chose it. `keep`:
 * keys that the files lack stay in the set. */
static void set_take(struct key_set *mine, const struct key_set *files, bool keep)
{
    struct key_set before = *mine;

    *mine = *files;
    for (size_t i = 0; keep && i < before.count && mine->count < KEY_SET_MAX; i++) {
        if (key_find(mine, span_of(before.keys[i].id)) == NULL) {
            mine->keys[mine->count++] = before.keys[i];
        }
    }

    const struct key *first = key_find(mine, span_of(before.keys[0].id));

    if (first != NULL) {
        key_set_promote(mine, (size_t)(first - mine->keys));
    }
    secret_wipe(&before, sizeof(before));
}

static void ring_take(struct keyring *keyring, const struct key_ring *files, bool keep)
{
    struct key_ring *ring = keyring->options.ring;

    if (strcmp(files->audit.id, ring->audit.id) != 0) {
        log_message(LOG_ERROR, "keys-refused",
                    "key_dir: the audit's key is another one than before");
        return;
    }
    set_take(&ring->peppers, &files->peppers, keep);
    set_take(&ring->sealing, &files->sealing, keep);
    keyring->options.files->names(ring, keyring->options.names);
}

void keyring_take(struct keyring *keyring, const struct key_ring *files)
{
    ring_take(keyring, files, true);
}

/* ---- following the database ---------------------------------------------------------------- */

/* True: the key is the first of the ring now. False: the ring does not have the key. */
static bool keyring_promote(struct keyring *keyring, size_t kind, const char *id)
{
    struct key_set *set = set_of(keyring->options.ring, kind);
    const struct key *found = key_find(set, span_of(id));

    if (found == NULL) {
        return false;
    }
    key_set_promote(set, (size_t)(found - set->keys));
    keyring->options.files->names(keyring->options.ring, keyring->options.names);
    keyring->missing[0] = '\0';
    keyring_told(keyring);
    return true;
}

static void keyring_complain(struct keyring *keyring, const char *id, const char *error)
{
    if (strcmp(keyring->missing, id) != 0) {
        log_message(LOG_ERROR, "key-missing", "%s", error);
        snprintf(keyring->missing, sizeof(keyring->missing), "%s", id);
    }
}

bool keyring_adopt(struct keyring *keyring, const struct key_files_result *promoted)
{
    bool there = false;

    if (promoted->done) {
        keyring_take(keyring, promoted->ring);
    }
    for (size_t kind = 0; kind < ROTATING; kind++) {
        there = there || keyring_promote(keyring, kind, promoted->id);
    }
    if (!promoted->done) { // the file is unchanged, but the ring may have had the key
        keyring_complain(keyring, promoted->id, promoted->error);
    }
    return there;
}

static void keyring_promoted(const struct key_files_result *result, void *arg)
{
    struct keyring *keyring = arg;

    keyring->job = NULL;
    keyring_arm(keyring, keyring_adopt(keyring, result) ? 0 : EVERY_S);
}

/* The first kind whose current key is not the first of the ring; ROTATING: there is none. */
static size_t keyring_behind(const struct keyring *keyring, const struct db_result *state,
                             const char **current)
{
    for (int row = 0; row < state->rows; row++) {
        for (size_t kind = 0; kind < ROTATING; kind++) {
            const struct key_set *set = set_of(keyring->options.ring, kind);

            *current = db_text(state, row, 1);
            if (strcmp(db_text(state, row, 0), kinds[kind]) == 0 && db_bool(state, row, 2) &&
                strcmp(*current, set->keys[0].id) != 0) {
                return kind;
            }
        }
    }
    return ROTATING;
}

static void keyring_follow(struct keyring *keyring, const struct db_result *state)
{
    const char *current;
    size_t kind = keyring_behind(keyring, state, &current);

    if (kind == ROTATING) {
        reseal_consider(keyring->core->reseals);
        keyring_arm(keyring, EVERY_S);
        return;
    }

    const struct key_files_order order = {
        .work = KEY_FILES_PROMOTE, .kind = kinds[kind], .id = current};

    keyring->job =
        key_files_start(keyring->core, keyring->options.files, &order, keyring_promoted, keyring);
    if (keyring->job == NULL) {
        keyring_arm(keyring, RETRY_S);
    }
}

/* ---- reading the files again --------------------------------------------------------------- */

static void keyring_judge(struct keyring *keyring, const struct db_result *state)
{
    struct key_names listed = keyring_names_in(state, false);
    struct key_names mine;
    struct err why;

    keyring->options.files->names(keyring->candidate, &mine);
    if (!key_names_known(&mine, &listed, &why)) {
        log_message(LOG_ERROR, "keys-refused", "%s; the keys of before stay", why.text);
    } else {
        ring_take(keyring, keyring->candidate, false);
        keyring_told(keyring);
    }
    candidate_drop(keyring);
}

static void keyring_state(const struct db_result *state, void *arg)
{
    struct keyring *keyring = arg;

    keyring->unit = NULL;
    if (state->status != DB_OK) { // a candidate waits until the database can be reached
        keyring_arm(keyring, RETRY_S);
        return;
    }
    if (keyring->candidate != NULL) {
        keyring_judge(keyring, state);
    }
    keyring_follow(keyring, state);
}

static void keyring_ask(struct keyring *keyring, enum statement statement, db_done_f *done)
{
    const char *texts[KEY_NAMES_MAX];
    struct key_names names = *keyring->options.names;

    if (keyring->candidate != NULL) {
        keyring->options.files->names(keyring->candidate, &names);
    }
    for (size_t i = 0; i < names.count; i++) {
        texts[i] = names.names[i];
    }
    keyring->unit = db_unit_create(statement);
    db_unit_text_array(keyring->unit, texts, names.count);
    db_run(keyring->core->db, keyring->unit, DATABASE_MS, done, keyring);
}

/* Ignores errors: keys that could not be forgotten are still on the list that comes next. */
static void keyring_forgot(const struct db_result *result, void *arg)
{
    struct keyring *keyring = arg;

    (void)result;
    keyring_ask(keyring, STATEMENT_KEY_STATE, keyring_state);
}

/* Whether the files hold every key of the ring. Such files are taken without asking the database:
 * the database may refuse connections of this node until the node has the new keys. */
static bool keyring_grows(const struct keyring *keyring, const struct key_ring *files)
{
    struct key_names names;
    struct err why;

    keyring->options.files->names(files, &names);
    return key_names_known(&names, keyring->options.names, &why);
}

static void keyring_loaded(const struct key_files_result *result, void *arg)
{
    struct keyring *keyring = arg;

    keyring->job = NULL;
    if (!result->done) {
        log_message(LOG_ERROR, "keys-refused", "%s; the keys of before stay", result->error);
        keyring_arm(keyring, EVERY_S);
        return;
    }
    candidate_drop(keyring);
    if (keyring_grows(keyring, result->ring)) {
        keyring_take(keyring, result->ring);
        keyring_told(keyring);
        keyring_arm(keyring, 0);
        return;
    }
    keyring->candidate = mem_new(struct key_ring);
    *keyring->candidate = *result->ring;
    keyring_ask(keyring, STATEMENT_KEY_FORGET, keyring_forgot);
}

/* ---- the timer ----------------------------------------------------------------------------- */

static bool keyring_busy(const struct keyring *keyring)
{
    return keyring->unit != NULL || keyring->job != NULL || keyring->rotating;
}

static void keyring_run(evutil_socket_t fd, short what, void *arg)
{
    struct keyring *keyring = arg;
    const struct key_files_order order = {.work = KEY_FILES_LOAD};

    (void)fd;
    (void)what;
    if (keyring_busy(keyring)) {
        return; // the work that is under way arms the timer when it ends
    }
    if (!keyring->reload) {
        keyring_ask(keyring, STATEMENT_KEY_STATE, keyring_state);
        return;
    }
    keyring->reload = false;
    keyring->job =
        key_files_start(keyring->core, keyring->options.files, &order, keyring_loaded, keyring);
    if (keyring->job == NULL) {
        keyring_arm(keyring, RETRY_S);
        keyring->reload = true;
    }
}

void keyring_look(struct keyring *keyring)
{
    if (!keyring_busy(keyring)) {
        keyring_arm(keyring, 0);
    }
}

void keyring_reload(struct keyring *keyring)
{
    keyring->reload = true;
    keyring_look(keyring);
}

bool keyring_begin(struct keyring *keyring)
{
    bool free = !keyring->rotating;

    keyring->rotating = true;
    return free;
}

void keyring_end(struct keyring *keyring)
{
    keyring->rotating = false;
    keyring_look(keyring);
}

const struct key_files *keyring_files(const struct keyring *keyring)
{
    return keyring->options.files;
}

struct key_names keyring_names_in(const struct db_result *state, bool removed)
{
    struct key_names listed = {0};

    for (int row = 0; row < state->rows; row++) {
        char name[KEY_NAME_MAX + 1];

        if (removed || !db_bool(state, row, 3)) {
            snprintf(name, sizeof(name), "%s %s", db_text(state, row, 0), db_text(state, row, 1));
            key_names_add(&listed, name);
        }
    }
    return listed;
}

struct keyring *keyring_create(struct core *core, const struct keyring_options *options)
{
    struct keyring *keyring = mem_new(struct keyring);

    keyring->core = core;
    keyring->options = *options;
    evtimer_assign(&keyring->timer, loop_base(core->loop), keyring_run, keyring);
    keyring_arm(keyring, 0);
    return keyring;
}

void keyring_destroy(struct keyring *keyring)
{
    if (keyring == NULL) {
        return;
    }
    event_del(&keyring->timer);
    if (keyring->unit != NULL) {
        db_cancel(keyring->unit);
    }
    if (keyring->job != NULL) {
        key_files_cancel(keyring->job);
    }
    candidate_drop(keyring);
    free(keyring);
}
