/* The steps of a login that check the secret.
 *
 * Threats: time that tells a stranger something about an account (without a usable hash the dummy
 * is hashed: the same work, the same queue, the same troubles; an app password costs a keyed hash
 * and never a slow one, and its refusal leaves on the grid like every other); a verifier that was
 * copied from another row (the verifier is bound to row and owner). The number of imported app
 * passwords can show as the step of the grid on which a refusal leaves; docs/smtp-authd.md says so.
 */
#include "login/login_private.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/secret.h"
#include "core/core.h"
#include "credential/rekey.h"
#include "credential/stored_hash.h"

/* How much of the login's deadline the question for imported app passwords may use up. */
#define IMPORTED_MS 1500

/* Whether a stored hash was decrypted. If not, the facts get the reason. */
static bool login_decrypted(struct login *login, enum stored_hash_result result)
{
    enum reason why = result == STORED_HASH_KEY_MISSING ? REASON_KEY_MISSING : REASON_HASH_BROKEN;

    if (result != STORED_HASH_DECRYPTED && login->facts.undecrypted == REASON_NONE) {
        login->facts.undecrypted = why;
    }
    return result == STORED_HASH_DECRYPTED;
}

/* The answer of one check. If there is none, the facts get the reason. */
static enum answer login_answer_of(struct login *login, enum password_verify_result result)
{
    login->verify.last_ms = clock_ms();
    switch (result) {
    case PASSWORD_VERIFY_YES:
        return ANSWER_YES;
    case PASSWORD_VERIFY_NO:
        return ANSWER_NO;
    case PASSWORD_VERIFY_FAILED:
        login->facts.trouble = REASON_HASH_FAILED;
        break;
    case PASSWORD_VERIFY_EXPIRED:
        login->facts.trouble = REASON_HASH_TOO_SLOW;
        break;
    case PASSWORD_VERIFY_QUEUE_FULL:
        login->facts.trouble = REASON_HASH_QUEUE_FULL;
        break;
    }
    return ANSWER_PENDING;
}

/* Checks `secret` against `stored`, which some scheme reads. True: `answer` is set; false: `done`
 * gets the answer. */
static bool login_check(struct login *login, struct span secret, const char *stored,
                        enum answer *answer, password_verify_done_f *done)
{
    const struct password_schemes *schemes = &login->core->schemes;
    enum password_verify_result result;
    struct authd_cost cost;
    struct password_verify_order order = {
        .scheme = password_scheme(schemes, stored, &cost),
        .stored = stored,
        .secret = secret,
        .deadline = login->request.arrival + LOGIN_VERIFY_MS,
        .fair_key = login->request.context.fair_key,
    };

    order.work = cost.work;
    login->verify.job = password_verify_start(login->core, &order, &result, done, login);
    if (login->verify.job != NULL) {
        login->facts.waited = true;
        return false;
    }
    *answer = login_answer_of(login, result);
    return true;
}

/* ---- an app password that authd has made ---- */

static struct verifier_row app_password_of(const struct login *login)
{
    return (struct verifier_row){
        .kind = VERIFIER_APP_PASSWORD,
        .id = login->credential.id,
        .owner = login->account.id,
        .verifier = login->credential.verifier,
        .key = login->credential.key,
    };
}

void login_rekey(const struct login *login)
{
    const struct verifier_row row = app_password_of(login);

    if (row.verifier != NULL) { // an imported app password has none
        rekey_maybe_add(login->core, &row, secret_text_secret(&login->identified.app_password));
    }
}

static void login_verify_app_password(struct login *login)
{
    const struct verifier_row row = app_password_of(login);

    switch (verifier_match(&login->core->keys->peppers, &row,
                           secret_text_secret(&login->identified.app_password))) {
    case VERIFIER_NO:
        login->facts.match = ANSWER_NO;
        return;
    case VERIFIER_YES:
        login->facts.match = ANSWER_YES;
        return;
    case VERIFIER_KEY_MISSING:
        login->facts.trouble = REASON_KEY_MISSING;
        return;
    }
}

/* ---- the main password ---- */

void login_take_password(struct login *login, const struct account_row *row)
{
    struct core *core = login->core;
    char stored[AUTHD_HASH_MAX + 1];

    if (row->password == NULL) {
        return; // facts->password stays PASSWORD_NONE
    }
    login->facts.password = PASSWORD_UNREADABLE;
    if (login_decrypted(login, stored_hash_decrypt_password(core, row->id, row->cipher_version,
                                                            row->password, stored))) {
        login->facts.password = password_kind_of(&core->schemes, stored);
        login->password.cipher_version = row->cipher_version;
        login->password.encrypted = arena_copy(login->arena, span_of(row->password));
        login->password.stored = arena_copy(login->arena, span_of(stored));
        secret_wipe(stored, sizeof(stored));
    }
}

static void login_verified(enum password_verify_result result, void *arg)
{
    struct login *login = arg;

    login->verify.job = NULL;
    login->facts.match = login_answer_of(login, result);
    login_run(login);
}

enum progress login_verify(struct login *login)
{
    struct facts *facts = &login->facts;

    if (verdict_of(facts).want != WANT_MATCH) {
        return GO_ON;
    }
    if (facts->claim == CLAIM_APP_PASSWORD) {
        login_verify_app_password(login);
        return GO_ON;
    }

    const char *stored =
        facts->password == PASSWORD_USABLE ? login->password.stored : login->core->schemes.dummy;

    return login_check(login, login->password.entered, stored, &facts->match, login_verified)
               ? GO_ON
               : WAIT;
}

/* If the full secret is the main password, no code followed. */
static void login_full_match_answer(struct login *login, enum answer answer)
{
    login->facts.full_match = answer;
    if (answer == ANSWER_YES) {
        login->password.entered = login->request.claim.secret;
        secret_wipe(&login->factor.code, sizeof(login->factor.code));
    }
}

static void login_full_match_verified(enum password_verify_result result, void *arg)
{
    struct login *login = arg;

    login->verify.job = NULL;
    login_full_match_answer(login, login_answer_of(login, result));
    login_run(login);
}

enum progress login_verify_full(struct login *login)
{
    enum answer answer = ANSWER_PENDING;

    if (verdict_of(&login->facts).want != WANT_FULL_MATCH) {
        return GO_ON;
    }
    if (!login_check(login, login->request.claim.secret, login->password.stored, &answer,
                     login_full_match_verified)) {
        return WAIT;
    }
    login_full_match_answer(login, answer);
    return GO_ON;
}

/* ---- imported app passwords ---- */

static void login_imported_known(const struct db_result *result, void *arg)
{
    struct login *login = arg;

    login->unit = NULL;
    login_trouble(login, result->status);
    if (result->status == DB_OK) {
        const char *lines = db_text(result, 0, 0);

        login->imported.count =
            lines != NULL ? imported_app_password_parse(arena_copy(login->arena, span_of(lines)),
                                                        login->imported.rows)
                          : 0;
        login->facts.imported = login->imported.count > 0 ? ANSWER_YES : ANSWER_NO;
    }
    login_run(login);
}

enum progress login_ask_imported(struct login *login)
{
    if (verdict_of(&login->facts).want != WANT_IMPORTED) {
        return GO_ON;
    }
    login->facts.waited = true;
    login->unit = db_unit_create(STATEMENT_IMPORTED_PASSWORDS);
    db_unit_int(login->unit, login->account.id); // 0 finds none, in the same time
    db_run(login->core->db, login->unit, IMPORTED_MS, login_imported_known, login);
    return WAIT;
}

static void login_imported_answer(struct login *login, enum answer answer)
{
    const struct imported_app_password *tried = &login->imported.rows[login->imported.next++];
    struct facts *facts = &login->facts;
    bool for_its_time = facts->match == ANSWER_YES || facts->full_match == ANSWER_YES;

    if (answer != ANSWER_YES) {
        return;
    }
    facts->imported_match = ANSWER_YES;
    if (!for_its_time) {
        login->credential.id = tried->id;
        login->credential.version = tried->version;
        login->credential.scope = tried->scope;
    }
}

static void login_imported_verified(enum password_verify_result result, void *arg)
{
    struct login *login = arg;

    login->verify.job = NULL;
    login_imported_answer(login, login_answer_of(login, result));
    if (login_verify_imported(login) == GO_ON) {
        login_run(login);
    }
}

/* An app password whose hash cannot be decrypted, or that no scheme reads, may still be the right
 * one; the facts say so. */
static bool login_imported_readable(struct login *login)
{
    const struct imported_app_password *next = &login->imported.rows[login->imported.next];
    char *stored = login->imported.stored;
    bool readable =
        login_decrypted(login,
                        stored_hash_decrypt_app_password(login->core, next->id, login->account.id,
                                                         next->encrypted, stored)) &&
        password_kind_of(&login->core->schemes, stored) == PASSWORD_USABLE;

    login->facts.imported_unreadable = login->facts.imported_unreadable || !readable;
    return readable;
}

enum progress login_verify_imported(struct login *login)
{
    struct facts *facts = &login->facts;

    while (verdict_of(facts).want == WANT_IMPORTED_MATCH) {
        enum answer answer = ANSWER_NO;

        if (login->imported.next == login->imported.count) {
            facts->imported_match = ANSWER_NO;
        } else if (!login_imported_readable(login)) {
            login->imported.next++;
        } else if (!login_check(login, login->request.claim.secret, login->imported.stored, &answer,
                                login_imported_verified)) {
            return WAIT;
        } else {
            login_imported_answer(login, answer);
        }
    }
    return GO_ON;
}
