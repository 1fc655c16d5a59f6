#include "credential/password_upgrade.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "credential/password_hash.h"
#include "credential/stored_hash.h"
#include "store/db.h"

#define UPGRADES_MAX        8
#define UPGRADE_HASH_MS     30000
#define UPGRADE_DATABASE_MS 5000

struct password_upgrade {
    struct password_upgrades *upgrades;
    int64_t account;
    int64_t cipher_version;
    struct password_hash_call *hashing; /* set while the password is hashed */
    struct db_unit *unit;               /* set while the hash is stored */
    char encrypted[AEAD_MAX + 1];       /* the encrypted hash to replace */
    TAILQ_ENTRY(password_upgrade) link; // upgrades::running
};

struct password_upgrades {
    struct core *core;
    unsigned count;
    TAILQ_HEAD(, password_upgrade) running;
};

static void upgrade_end(struct password_upgrade *upgrade)
{
    TAILQ_REMOVE(&upgrade->upgrades->running, upgrade, link);
    upgrade->upgrades->count--;
    secret_wipe(upgrade, sizeof(*upgrade));
    free(upgrade);
}

static void upgrade_stored(const struct db_result *result, void *arg)
{
    struct password_upgrade *upgrade = arg;
    bool replaced = result->status == DB_OK && db_bool(result, 0, 0);
    struct log_line line;

    log_begin(&line, LOG_INFO, "password-upgrade");
    log_number(&line, "account", upgrade->account);
    log_text(&line, "outcome", replaced ? "replaced" : "kept");
    if (result->status != DB_OK) {
        log_text(&line, "error", result->message != NULL ? result->message : "database");
    }
    log_end(&line);
    upgrade->unit = NULL;
    upgrade_end(upgrade);
}

static void upgrade_hashed(enum password_hash_result made, const char *stored, void *arg)
{
    struct password_upgrade *upgrade = arg;
    struct core *core = upgrade->upgrades->core;
    char encrypted[AEAD_MAX + 1];

    upgrade->hashing = NULL;
    if (made != PASSWORD_HASH_MADE) {
        upgrade_end(upgrade);
        return;
    }
    stored_hash_encrypt_password(core, upgrade->account, upgrade->cipher_version, stored,
                                 encrypted);
    upgrade->unit = db_unit_create(STATEMENT_PASSWORD_UPGRADE);
    db_unit_int(upgrade->unit, upgrade->account);
    db_unit_text(upgrade->unit, upgrade->encrypted);
    db_unit_text(upgrade->unit, encrypted);
    db_run(core->db, upgrade->unit, UPGRADE_DATABASE_MS, upgrade_stored, upgrade);
}

static bool upgrade_running(const struct password_upgrades *upgrades, int64_t account)
{
    const struct password_upgrade *upgrade;

    TAILQ_FOREACH (upgrade, &upgrades->running, link) {
        if (upgrade->account == account) {
            return true;
        }
    }
    return false;
}

void password_upgrade_maybe_start(struct password_upgrades *upgrades,
                                  const struct password_upgrade_request *request)
{
    struct password_upgrade *upgrade;

    if (!password_needs_rehash(&upgrades->core->schemes, request->stored, request->password) ||
        upgrades->count >= UPGRADES_MAX || upgrade_running(upgrades, request->account)) {
        return;
    }
    upgrade = mem_new(struct password_upgrade);
    upgrade->hashing = password_hash_start(upgrades->core, request->password,
                                           clock_ms() + UPGRADE_HASH_MS, upgrade_hashed, upgrade);
    if (upgrade->hashing == NULL) {
        free(upgrade);
        return;
    }
    upgrade->upgrades = upgrades;
    upgrade->account = request->account;
    upgrade->cipher_version = request->cipher_version;
    memcpy(upgrade->encrypted, request->encrypted, strlen(request->encrypted) + 1);
    TAILQ_INSERT_TAIL(&upgrades->running, upgrade, link);
    upgrades->count++;
}

struct password_upgrades *password_upgrades_create(struct core *core)
{
    struct password_upgrades *upgrades = mem_new(struct password_upgrades);

    upgrades->core = core;
    TAILQ_INIT(&upgrades->running);
    return upgrades;
}

void password_upgrades_destroy(struct password_upgrades *upgrades)
{
    struct password_upgrade *upgrade;

    if (upgrades == NULL) {
        return;
    }
    while ((upgrade = TAILQ_FIRST(&upgrades->running)) != NULL) {
        if (upgrade->hashing != NULL) {
            password_hash_cancel(upgrade->hashing);
        }
        if (upgrade->unit != NULL) {
            db_cancel(upgrade->unit);
        }
        upgrade_end(upgrade);
    }
    free(upgrades);
}
