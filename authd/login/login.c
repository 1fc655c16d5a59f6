/* The life of one login: a short table of steps. Each step learns facts, or has nothing to learn;
 * login/verdict decides.
 *
 * Threats: an unknown user who can be told from a wrong password by time or octets (every name is
 * looked up, every password is hashed, against a dummy if need be, and a DENY leaves on a grid); an
 * account that changes while its password is being hashed (a question to the database confirms the
 * account afterwards); a client that leaves (everything under way is cancelled, and the log still
 * has a line). */
#include "login/login_private.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "core/clock_watch.h"
#include "core/core.h"
#include "credential/last_use.h"
#include "credential/password_upgrade.h"
#include "login/login_record.h"
#include "loop/loop.h"

/* How much of the login's deadline the last question may use up. */
#define CONFIRM_MS 1500

/* ---- identify ---- */

static enum progress login_identify(struct login *login)
{
    const struct claim *claim = &login->request.claim;
    const char *default_domain = login->core->default_domain;
    struct facts *facts = &login->facts;
    char authzid[NAME_MAX_LENGTH + 1];

    if (login->request.malformed != NULL) {
        return GO_ON; // facts->claim stays CLAIM_MALFORMED
    }
    facts->claim = claim_classify(claim);
    if (facts->claim == CLAIM_MALFORMED) {
        return GO_ON;
    }
    if (facts->claim == CLAIM_APP_PASSWORD) {
        secret_text_parse(SECRET_TEXT_APP_PASSWORD, claim->secret, &login->identified.app_password);
    }
    facts->sign_in = login->request.context.sign_in;
    facts->name = name_login(claim->authcid, default_domain, login->identified.name);
    if (facts->name == NAME_OK && claim->authzid.len > 0) {
        facts->other_authzid = name_login(claim->authzid, default_domain, authzid) != NAME_OK ||
                               strcmp(authzid, login->identified.name) != 0;
    }
    return GO_ON;
}

/* ---- lookup ---- */

void login_trouble(struct login *login, enum db_status status)
{
    switch (status) {
    case DB_OK:
        return;
    case DB_REFUSED:
        login->facts.trouble = REASON_DATABASE_ERROR;
        return;
    case DB_DOWN:
        login->facts.trouble = REASON_DATABASE_DOWN;
        return;
    case DB_TIMEOUT:
        login->facts.trouble = REASON_DATABASE_SLOW;
        return;
    }
}

static const char *copy_text(struct login *login, const char *text)
{
    return text != NULL ? arena_copy(login->arena, span_of(text)) : NULL;
}

static void login_take_account(struct login *login, const struct account_row *row)
{
    struct facts *facts = &login->facts;

    login->account.id = row->id;
    login->account.version = row->version;
    login->account.generation = row->generation;
    login->account.login = copy_text(login, row->login);
    login->account.scope_words = arena_copy(login->arena, span_of(row->scopes));
    login->account.now = row->now;
    facts->suspended = row->suspended;
    login_take_password(login, row);
}

static void login_take_app_passwords(struct login *login, const struct account_row *row)
{
    struct facts *facts = &login->facts;

    if (row->credential != 0) {
        facts->app_password = true;
        facts->expired = row->expired;
        login->credential.id = row->credential;
        login->credential.version = row->credential_version;
        login->credential.verifier = copy_text(login, row->verifier);
        login->credential.key = copy_text(login, row->key);
    }
}

static void login_looked_up(struct account_lookup_request *request, enum db_status status,
                            const struct account_row *row)
{
    struct login *login = (struct login *)((char *)request - offsetof(struct login, lookup));

    login_trouble(login, status);
    if (status == DB_OK) {
        login->facts.account = row == NULL ? ANSWER_NO : ANSWER_YES;
    }
    if (row != NULL) {
        login_take_account(login, row);
        login_take_app_passwords(login, row);
        login_take_factor(login, row);
        clock_watch_add(&login->core->clock, row->now);
    }
    login_run(login);
}

static enum progress login_look_up(struct login *login)
{
    if (verdict_of(&login->facts).want != WANT_ACCOUNT) {
        return GO_ON;
    }
    login->lookup.login = login->identified.name;
    login->lookup.selector = "";
    if (login->facts.claim == CLAIM_APP_PASSWORD) {
        login->lookup.selector =
            arena_copy(login->arena, secret_text_selector(&login->identified.app_password));
    }
    login->lookup.done = login_looked_up;
    account_lookup_submit(login->core->lookup, &login->lookup);
    return WAIT;
}

/* ---- consume ---- */

static void login_confirmed(const struct db_result *result, void *arg)
{
    struct login *login = arg;

    login->unit = NULL;
    login_trouble(login, result->status);
    if (result->status == DB_OK) {
        login->facts.unchanged = db_bool(result, 0, 0) ? ANSWER_YES : ANSWER_NO;
    }
    login_run(login);
}

static enum progress login_consume(struct login *login)
{
    if (verdict_of(&login->facts).want != WANT_UNCHANGED) {
        return GO_ON;
    }
    login->unit = db_unit_create(STATEMENT_LOGIN_CONFIRM);
    db_unit_int(login->unit, login->account.id);
    db_unit_int(login->unit, login->account.version);
    if (login->credential.id != 0) {
        db_unit_int(login->unit, login->credential.id);
        db_unit_int(login->unit, login->credential.version);
    } else {
        db_unit_text(login->unit, NULL);
        db_unit_text(login->unit, NULL);
    }
    db_run(login->core->db, login->unit, CONFIRM_MS, login_confirmed, login);
    return WAIT;
}

/* ---- verdict; a refusal waits for the grid ---- */

static void arm(struct event *timer, int64_t ms)
{
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

    evtimer_add(timer, &delay);
}

/* A client that gets a temporary failure at once tries again at once. */
static bool is_overload(enum reason reason)
{
    return reason == REASON_HASH_QUEUE_FULL || reason == REASON_HASH_TOO_SLOW;
}

static enum progress login_decide(struct login *login)
{
    const struct verdict verdict = verdict_of(&login->facts);

    evtimer_del(&login->deadline);
    login->answer.verdict = verdict;
    if (verdict.reason == REASON_WRONG_PASSWORD && login->facts.inline_code) {
        login->answer.why = "the last digits of the secret were taken for a code";
    }
    if (verdict.outcome != OUTCOME_DENY && !is_overload(verdict.reason)) {
        return GO_ON;
    }
    int64_t now = clock_ms();
    int64_t earliest = login->verify.last_ms + LOGIN_AFTER_CHECK_MS;
    int64_t from = earliest > now ? earliest : now;

    arm(&login->grid, from - now + LOGIN_GRID_MS - (from - login->request.arrival) % LOGIN_GRID_MS);
    return WAIT;
}

/* ---- record and answer ---- */

/* The credential of the login: "#p3" is the main password, "#k7" an app password. */
static const char *login_tag(const struct login *login)
{
    return login->credential.id != 0
               ? arena_printf(login->arena, "#k%" PRId64, login->credential.id)
               : arena_printf(login->arena, "#p%d", login->account.generation);
}

/* `left`: why the login ends before its answer; REASON_NONE: the login is answered. */
static void login_write_record(const struct login *login, enum reason left)
{
    const struct verdict *verdict = &login->answer.verdict;
    const char *name = login->identified.name;
    const char *malformed = login->request.malformed;
    bool decided = verdict->reason != REASON_NONE;
    bool named = verdict->outcome == OUTCOME_ALLOW || login->credential.id != 0;

    login_record_write(&(struct login_record){
        .core = login->core,
        .outcome = decided ? verdict->outcome : login_record_undecided(left),
        .reason = decided ? verdict->reason : left,
        .context = &login->request.context,
        .user = name[0] != '\0' ? span_of(name) : login->request.claim.authcid,
        .account = login->account.id,
        .credential = decided && named ? login_tag(login) : NULL,
        .factor = login->factor.word,
        .why = malformed != NULL ? malformed : login->answer.why,
        .gone = decided && left != REASON_NONE,
        .ms = clock_ms() - login->request.arrival,
        .reference = login->request.reference,
    });
}

/* alice@example.org, or alice#p3@example.org: the tag ends the local part. The identity is made
 * from the row only, never from what the client claimed. */
static const char *login_identity(const struct login *login)
{
    const char *at = strrchr(login->account.login, '@');

    if (!login->request.context.tagged) {
        return login->account.login;
    }
    return arena_printf(login->arena, "%.*s%s%s", (int)(at - login->account.login),
                        login->account.login, login_tag(login), at);
}

static void login_free(struct login *login)
{
    struct arena *arena = login->arena;

    evtimer_del(&login->deadline);
    evtimer_del(&login->grid);
    arena_destroy(arena);
}

static void login_used(const struct login *login)
{
    if (login->credential.id != 0) {
        last_use_add(login->core->last_uses, login->credential.id, login->request.context.client);
        login_rekey(login);
    } else {
        password_upgrade_maybe_start(login->core->upgrades,
                                     &(struct password_upgrade_request){
                                         .account = login->account.id,
                                         .cipher_version = login->password.cipher_version,
                                         .encrypted = login->password.encrypted,
                                         .stored = login->password.stored,
                                         .password = login->password.entered,
                                     });
    }
}

static enum progress login_answer(struct login *login)
{
    struct login_result result = {
        .outcome = login->answer.verdict.outcome,
        .reason = login->answer.verdict.reason,
        .user = login->identified.name,
        .reference = login->request.reference,
        .code_unchecked = login->facts.enrolled && verdict_needs_factor(&login->facts),
    };

    if (result.outcome == OUTCOME_ALLOW) {
        result.identity = login_identity(login);
        result.account = login->account.id;
        result.version = login->account.version;
        result.factor = login->factor.word;
        result.must_enrol = login->request.context.sign_in && !login->facts.enrolled &&
                            verdict_needs_factor(&login->facts);
        login_used(login);
    }
    login_write_record(login, REASON_NONE);
    login->request.done(&result, login->request.arg);
    login_free(login);
    return ENDED;
}

/* ---- the table ---- */

enum {
    STEP_IDENTIFY,
    STEP_LOOK_UP,
    STEP_VERIFY,
    STEP_ASK_REMEMBERED,
    STEP_VERIFY_FULL,
    STEP_ASK_IMPORTED,
    STEP_VERIFY_IMPORTED,
    STEP_ASK_SCOPES,
    STEP_USE_CODE,
    STEP_EVEN_OUT_ASK, // a refused code takes as long as a wrong password: this step asks for the
                       // imported app passwords that a wrong password is compared with
    STEP_EVEN_OUT,     // this step makes that comparison, whose result changes nothing
    STEP_CONSUME,
    STEP_DECIDE,
    STEP_ANSWER
};

static enum progress (*const steps[])(struct login *) = {
    [STEP_IDENTIFY] = login_identify,
    [STEP_LOOK_UP] = login_look_up,
    [STEP_VERIFY] = login_verify,
    [STEP_ASK_REMEMBERED] = login_ask_remembered,
    [STEP_VERIFY_FULL] = login_verify_full,
    [STEP_ASK_IMPORTED] = login_ask_imported,
    [STEP_VERIFY_IMPORTED] = login_verify_imported,
    [STEP_ASK_SCOPES] = login_ask_scopes,
    [STEP_USE_CODE] = login_use_code,
    [STEP_EVEN_OUT_ASK] = login_ask_imported,
    [STEP_EVEN_OUT] = login_verify_imported,
    [STEP_CONSUME] = login_consume,
    [STEP_DECIDE] = login_decide,
    [STEP_ANSWER] = login_answer,
};

void login_run(struct login *login)
{
    enum progress progress;

    do {
        progress = steps[login->next_step++](login);
    } while (progress == GO_ON);
}

static void login_stop_waiting(struct login *login)
{
    account_lookup_cancel(login->core->lookup, &login->lookup);
    scope_cache_cancel(login->core->scopes, &login->scopes);
    if (login->verify.job != NULL) {
        password_verify_cancel(login->verify.job);
        login->verify.job = NULL;
    }
    if (login->unit != NULL) {
        db_cancel(login->unit);
        login->unit = NULL;
    }
}

static void login_deadline_passed(evutil_socket_t fd, short what, void *arg)
{
    struct login *login = arg;

    (void)fd;
    (void)what;
    login_stop_waiting(login);
    login->facts.trouble = REASON_DEADLINE;
    login->next_step = STEP_DECIDE;
    login_run(login);
}

static void login_grid_reached(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    login_run(arg);
}

static struct span copy_span(struct arena *arena, struct span span)
{
    return (struct span){arena_copy(arena, span), span.len};
}

static struct login *login_create(struct core *core, const struct login_context *context,
                                  login_done_f *done, void *arg)
{
    struct arena *arena = arena_create();
    struct login *login = arena_new(arena, struct login);

    login->core = core;
    login->arena = arena;
    login->request.context = *context;
    login->request.context.service = arena_copy(arena, span_of(context->service));
    login->request.context.client = arena_copy(arena, span_of(context->client));
    login->request.context.peer = arena_copy(arena, span_of(context->peer));
    login->request.context.code = copy_span(arena, context->code);
    login->request.done = done;
    login->request.arg = arg;
    login->request.arrival = clock_ms();
    reference_make(login->request.reference);
    evtimer_assign(&login->deadline, loop_base(core->loop), login_deadline_passed, login);
    evtimer_assign(&login->grid, loop_base(core->loop), login_grid_reached, login);
    arm(&login->deadline, LOGIN_DEADLINE_MS);
    return login;
}

struct login *login_begin(struct core *core, const struct claim *claim,
                          const struct login_context *context, login_done_f *done, void *arg)
{
    struct login *login = login_create(core, context, done, arg);

    login->request.claim.authcid = copy_span(login->arena, claim->authcid);
    login->request.claim.authzid = copy_span(login->arena, claim->authzid);
    login->request.claim.secret = copy_span(login->arena, claim->secret);
    login->password.entered = login->request.claim.secret;
    login_run(login);
    return login;
}

struct login *login_refuse(struct core *core, const char *why, const struct login_context *context,
                           login_done_f *done, void *arg)
{
    struct login *login = login_create(core, context, done, arg);

    login->request.malformed = why;
    login_run(login);
    return login;
}

void login_cancel(struct login *login, enum reason reason)
{
    login_stop_waiting(login);
    login_write_record(login, reason);
    login_free(login);
}
