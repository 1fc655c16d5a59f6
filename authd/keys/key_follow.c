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
#include "core/audit_call.h"
#include "core/core.h"
#include "keys/key_files.h"
#include "keys/reencrypt.h"
#include "loop/loop.h"
#include "store/db.h"

#define EVERY_S     5
#define RETRY_S     1
#define DATABASE_MS 4000
#define ROTATING    2 /* kinds: pepper, encryption */

static const char *const kinds[ROTATING] = {"pepper", "encryption"};

struct key_follow {
    struct core *core;
    struct key_follow_options options;
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
    return kind == 0 ? &ring->peppers : &ring->encryption;
}

static void key_follow_arm(struct key_follow *key_follow, unsigned seconds)
{
    const struct timeval delay = {.tv_sec = key_follow->reload ? 0 : seconds};

    evtimer_add(&key_follow->timer, &delay);
}

static void candidate_drop(struct key_follow *key_follow)
{
    if (key_follow->candidate != NULL) {
        secret_wipe(key_follow->candidate, sizeof(*key_follow->candidate));
        free(key_follow->candidate);
        key_follow->candidate = NULL;
    }
}

/* ---- taking -------------------------------------------------------------------------------- */

static void key_follow_log(const struct key_follow *key_follow)
{
    const struct key_ring *ring = key_follow->options.ring;
    struct log_line line;

    log_begin(&line, LOG_INFO, "keys");
    log_text(&line, "pepper", ring->peppers.keys[0].id);
    log_text(&line, "encryption", ring->encryption.keys[0].id);
    log_end(&line);
}

/* The first key stays the first, whatever the order of the files: the database chose it. `keep`:
 * keys that the files lack stay in the set. */
static void set_merge(struct key_set *mine, const struct key_set *files, bool keep)
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

static void ring_take(struct key_follow *key_follow, const struct key_ring *files, bool keep)
{
    struct key_ring *ring = key_follow->options.ring;

    if (strcmp(files->audit.id, ring->audit.id) != 0) {
        log_message(LOG_ERROR, "keys-refused", "key_dir: the audit key is not the previous one");
        return;
    }
    set_merge(&ring->peppers, &files->peppers, keep);
    set_merge(&ring->encryption, &files->encryption, keep);
    key_files_names(ring, key_follow->options.names);
}

void key_follow_merge(struct key_follow *key_follow, const struct key_ring *files)
{
    ring_take(key_follow, files, true);
}

/* ---- following the database ---------------------------------------------------------------- */

/* True: the key is the first of the ring now. False: the ring does not have the key. */
static bool key_follow_promote(struct key_follow *key_follow, size_t kind, const char *id)
{
    struct key_set *set = set_of(key_follow->options.ring, kind);
    const struct key *found = key_find(set, span_of(id));

    if (found == NULL) {
        return false;
    }
    key_set_promote(set, (size_t)(found - set->keys));
    key_files_names(key_follow->options.ring, key_follow->options.names);
    key_follow->missing[0] = '\0';
    key_follow_log(key_follow);
    return true;
}

static void key_follow_log_missing(struct key_follow *key_follow, const char *id, const char *error)
{
    if (strcmp(key_follow->missing, id) != 0) {
        log_message(LOG_ERROR, "key-missing", "%s", error);
        snprintf(key_follow->missing, sizeof(key_follow->missing), "%s", id);
    }
}

bool key_follow_promotion_done(struct key_follow *key_follow,
                               const struct key_files_job_result *promoted)
{
    bool there = false;

    if (promoted->done) {
        key_follow_merge(key_follow, promoted->ring);
    }
    for (size_t kind = 0; kind < ROTATING; kind++) {
        there = there || key_follow_promote(key_follow, kind, promoted->id);
    }
    if (!promoted->done) { // the file is unchanged, but the ring may have had the key
        key_follow_log_missing(key_follow, promoted->id, promoted->error);
    }
    return there;
}

static void key_follow_promoted(const struct key_files_job_result *result, void *arg)
{
    struct key_follow *key_follow = arg;

    key_follow->job = NULL;
    key_follow_arm(key_follow, key_follow_promotion_done(key_follow, result) ? 0 : EVERY_S);
}

/* The first kind whose current key is not the first of the ring; ROTATING: there is none. */
static size_t key_follow_stale_kind(const struct key_follow *key_follow,
                                    const struct db_result *state, const char **current)
{
    for (int row = 0; row < state->rows; row++) {
        for (size_t kind = 0; kind < ROTATING; kind++) {
            const struct key_set *set = set_of(key_follow->options.ring, kind);

            *current = db_text(state, row, 1);
            if (strcmp(db_text(state, row, 0), kinds[kind]) == 0 && db_bool(state, row, 2) &&
                strcmp(*current, set->keys[0].id) != 0) {
                return kind;
            }
        }
    }
    return ROTATING;
}

static void key_follow_follow(struct key_follow *key_follow, const struct db_result *state)
{
    const char *current;
    size_t kind = key_follow_stale_kind(key_follow, state, &current);

    if (kind == ROTATING) {
        reencrypt_maybe_start(key_follow->core->reencrypt);
        key_follow_arm(key_follow, EVERY_S);
        return;
    }

    const struct key_files_job_order order = {
        .work = KEY_FILES_JOB_PROMOTE, .kind = kinds[kind], .id = current};

    key_follow->job = key_files_job_start(key_follow->core, key_follow->options.key_dir, &order,
                                          key_follow_promoted, key_follow);
    if (key_follow->job == NULL) {
        key_follow_arm(key_follow, RETRY_S);
    }
}

/* ---- reading the files again --------------------------------------------------------------- */

static void key_follow_check(struct key_follow *key_follow, const struct db_result *state)
{
    struct key_names listed = key_follow_names_in(state, false);
    struct key_names mine;
    struct err why;

    key_files_names(key_follow->candidate, &mine);
    if (!key_names_known(&mine, &listed, &why)) {
        log_message(LOG_ERROR, "keys-refused", "%s; the previous keys stay in use", why.text);
    } else {
        ring_take(key_follow, key_follow->candidate, false);
        key_follow_log(key_follow);
    }
    candidate_drop(key_follow);
}

static void key_follow_state(const struct db_result *state, void *arg)
{
    struct key_follow *key_follow = arg;

    key_follow->unit = NULL;
    if (state->status != DB_OK) { // a candidate waits until the database can be reached
        key_follow_arm(key_follow, RETRY_S);
        return;
    }
    if (key_follow->candidate != NULL) {
        key_follow_check(key_follow, state);
    }
    key_follow_follow(key_follow, state);
}

/* Adds the tag of the rows that say which keys the database forgot. */
static void key_follow_tag(struct key_follow *key_follow)
{
    const struct span arguments = SPAN_LITERAL("");
    char *call = audit_call_own(&key_follow->options.ring->audit, "key_forget", 0, arguments);

    db_unit_text(key_follow->unit, call);
    free(call);
}

static void key_follow_ask(struct key_follow *key_follow, enum statement statement, db_done_f *done)
{
    const char *texts[KEY_NAMES_MAX];
    struct key_names names = *key_follow->options.names;

    if (key_follow->candidate != NULL) {
        key_files_names(key_follow->candidate, &names);
    }
    for (size_t i = 0; i < names.count; i++) {
        texts[i] = names.names[i];
    }
    key_follow->unit = db_unit_create(statement);
    db_unit_text_array(key_follow->unit, texts, names.count);
    if (statement == STATEMENT_KEY_FORGET) {
        key_follow_tag(key_follow);
    }
    db_run(key_follow->core->db, key_follow->unit, DATABASE_MS, done, key_follow);
}

/* Ignores errors: keys that could not be forgotten are still on the list that comes next. */
static void key_follow_forgot(const struct db_result *result, void *arg)
{
    struct key_follow *key_follow = arg;

    (void)result;
    key_follow_ask(key_follow, STATEMENT_KEY_STATE, key_follow_state);
}

/* Whether the files hold every key of the ring. Such files are taken without asking the database:
 * the database may refuse connections of this node until the node has the new keys. */
static bool key_follow_has_every_key(const struct key_follow *key_follow,
                                     const struct key_ring *files)
{
    struct key_names names;
    struct err why;

    key_files_names(files, &names);
    return key_names_known(&names, key_follow->options.names, &why);
}

static void key_follow_loaded(const struct key_files_job_result *result, void *arg)
{
    struct key_follow *key_follow = arg;

    key_follow->job = NULL;
    if (!result->done) {
        log_message(LOG_ERROR, "keys-refused", "%s; the previous keys stay in use", result->error);
        key_follow_arm(key_follow, EVERY_S);
        return;
    }
    candidate_drop(key_follow);
    if (key_follow_has_every_key(key_follow, result->ring)) {
        key_follow_merge(key_follow, result->ring);
        key_follow_log(key_follow);
        key_follow_arm(key_follow, 0);
        return;
    }
    key_follow->candidate = mem_new(struct key_ring);
    *key_follow->candidate = *result->ring;
    key_follow_ask(key_follow, STATEMENT_KEY_FORGET, key_follow_forgot);
}

/* ---- the timer ----------------------------------------------------------------------------- */

static bool key_follow_busy(const struct key_follow *key_follow)
{
    return key_follow->unit != NULL || key_follow->job != NULL || key_follow->rotating;
}

static void key_follow_run(evutil_socket_t fd, short what, void *arg)
{
    struct key_follow *key_follow = arg;
    const struct key_files_job_order order = {.work = KEY_FILES_JOB_LOAD};

    (void)fd;
    (void)what;
    if (key_follow_busy(key_follow)) {
        return; // the work that is under way arms the timer when it ends
    }
    if (!key_follow->reload) {
        key_follow_ask(key_follow, STATEMENT_KEY_STATE, key_follow_state);
        return;
    }
    key_follow->reload = false;
    key_follow->job = key_files_job_start(key_follow->core, key_follow->options.key_dir, &order,
                                          key_follow_loaded, key_follow);
    if (key_follow->job == NULL) {
        key_follow_arm(key_follow, RETRY_S);
        key_follow->reload = true;
    }
}

void key_follow_poll(struct key_follow *key_follow)
{
    if (!key_follow_busy(key_follow)) {
        key_follow_arm(key_follow, 0);
    }
}

void key_follow_reload(struct key_follow *key_follow)
{
    key_follow->reload = true;
    key_follow_poll(key_follow);
}

bool key_follow_reserve(struct key_follow *key_follow)
{
    bool free = !key_follow->rotating;

    key_follow->rotating = true;
    return free;
}

void key_follow_release(struct key_follow *key_follow)
{
    key_follow->rotating = false;
    key_follow_poll(key_follow);
}

const char *key_follow_key_dir(const struct key_follow *key_follow)
{
    return key_follow->options.key_dir;
}

struct key_names key_follow_names_in(const struct db_result *state, bool removed)
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

struct key_follow *key_follow_create(struct core *core, const struct key_follow_options *options)
{
    struct key_follow *key_follow = mem_new(struct key_follow);

    key_follow->core = core;
    key_follow->options = *options;
    evtimer_assign(&key_follow->timer, loop_base(core->loop), key_follow_run, key_follow);
    key_follow_arm(key_follow, 0);
    return key_follow;
}

void key_follow_destroy(struct key_follow *key_follow)
{
    if (key_follow == NULL) {
        return;
    }
    event_del(&key_follow->timer);
    if (key_follow->unit != NULL) {
        db_cancel(key_follow->unit);
    }
    if (key_follow->job != NULL) {
        key_files_job_cancel(key_follow->job);
    }
    candidate_drop(key_follow);
    free(key_follow);
}
