#include "core/upgrade.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "loop/workers.h"
#include "store/db.h"

#define UPGRADES_MAX        8
#define UPGRADE_HASH_MS     30000
#define UPGRADE_DATABASE_MS 5000

struct upgrade {
    struct upgrades *upgrades;
    int64_t account;
    struct hash_job *job; // while it hashes, then
    struct db_unit *unit; // while it is stored
    char stored[AUTHD_HASH_MAX + 1];
    TAILQ_ENTRY(upgrade) link; // upgrades::running
};

struct upgrades {
    struct core *core;
    unsigned count;
    TAILQ_HEAD(, upgrade) running;
};

struct hash_job {
    struct job job;
    const struct password_schemes *schemes;
    bool made;
    char made_hash[AUTHD_HASH_MAX + 1];
    size_t password_length;
    char password[PASSWORD_MAX];
};

static void upgrade_end(struct upgrade *upgrade)
{
    TAILQ_REMOVE(&upgrade->upgrades->running, upgrade, link);
    upgrade->upgrades->count--;
    secret_wipe(upgrade, sizeof(*upgrade));
    free(upgrade);
}

static void upgrade_stored(const struct db_result *result, void *arg)
{
    struct upgrade *upgrade = arg;
    bool replaced = result->status == DB_OK && db_bool(result, 0, 0);
    struct log_line line;

    log_begin(&line, LOG_INFO, "password-upgrade");
    log_number(&line, "account", upgrade->account);
    log_text(&line, "outcome", replaced ? "replaced" : "kept");
    if (result->status != DB_OK) {
        log_text(&line, "error", result->status == DB_REFUSED ? result->message : "database");
    }
    log_end(&line);
    upgrade->unit = NULL;
    upgrade_end(upgrade);
}

static void hash_run(struct job *job)
{
    struct hash_job *hash = (struct hash_job *)job;
    struct span password = {hash->password, hash->password_length};

    hash->made = password_hash(hash->schemes, password, hash->made_hash);
}

static void hash_done(struct job *job, void *owner)
{
    struct hash_job *hash = (struct hash_job *)job;
    struct upgrade *upgrade = owner;

    upgrade->job = NULL;
    if (job->expired || !hash->made) {
        upgrade_end(upgrade);
        return;
    }
    upgrade->unit = db_unit_create(STATEMENT_PASSWORD_UPGRADE);
    db_unit_int(upgrade->unit, upgrade->account);
    db_unit_text(upgrade->unit, upgrade->stored);
    db_unit_text(upgrade->unit, hash->made_hash);
    db_run(upgrade->upgrades->core->db, upgrade->unit, UPGRADE_DATABASE_MS, upgrade_stored,
           upgrade);
}

static void hash_destroy(struct job *job)
{
    secret_wipe(job, sizeof(struct hash_job));
    free(job);
}

static bool upgrade_running(const struct upgrades *upgrades, int64_t account)
{
    const struct upgrade *upgrade;

    TAILQ_FOREACH (upgrade, &upgrades->running, link) {
        if (upgrade->account == account) {
            return true;
        }
    }
    return false;
}

void upgrade_consider(struct upgrades *upgrades, int64_t account, const char *stored,
                      struct span password)
{
    const struct password_schemes *schemes = &upgrades->core->schemes;

    if (!password_weaker(schemes, stored) || upgrades->count >= UPGRADES_MAX ||
        upgrade_running(upgrades, account)) {
        return;
    }

    struct upgrade *upgrade = mem_new(struct upgrade);
    struct hash_job *hash = mem_new(struct hash_job);

    hash->job = (struct job){
        .run = hash_run,
        .done = hash_done,
        .destroy = hash_destroy,
        .owner = upgrade,
        .deadline = clock_ms() + UPGRADE_HASH_MS,
    };
    hash->schemes = schemes;
    hash->password_length = password.len;
    memcpy(hash->password, password.ptr, password.len);
    if (!workers_submit(upgrades->core->hashers, &hash->job)) {
        hash_destroy(&hash->job);
        free(upgrade);
        return;
    }
    upgrade->upgrades = upgrades;
    upgrade->account = account;
    upgrade->job = hash;
    memcpy(upgrade->stored, stored, strlen(stored) + 1);
    TAILQ_INSERT_TAIL(&upgrades->running, upgrade, link);
    upgrades->count++;
}

struct upgrades *upgrades_create(struct core *core)
{
    struct upgrades *upgrades = mem_new(struct upgrades);

    upgrades->core = core;
    TAILQ_INIT(&upgrades->running);
    return upgrades;
}

void upgrades_destroy(struct upgrades *upgrades)
{
    struct upgrade *upgrade;

    if (upgrades == NULL) {
        return;
    }
    while ((upgrade = TAILQ_FIRST(&upgrades->running)) != NULL) {
        if (upgrade->job != NULL) {
            job_cancel(&upgrade->job->job);
        }
        if (upgrade->unit != NULL) {
            db_cancel(upgrade->unit);
        }
        upgrade_end(upgrade);
    }
    free(upgrades);
}
