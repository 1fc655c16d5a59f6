/* The life of one login: a short table of steps, each of which goes on, waits, or leaves the rest
 * to those after it. What is decided is decided by core/verdict; the steps only learn facts for it.
 *
 * Threats: telling an unknown user from a wrong password by time or octets (every name is looked
 * up, every password is hashed, against a dummy if need be, and a DENY leaves on a grid); an
 * account that changes while its password is being hashed (confirmed afterwards); a client that
 * leaves (everything under way is cancelled, and the log still has its line).
 */
#include "core/login_private.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "core/clock_watch.h"
#include "core/core.h"
#include "core/last_use.h"
#include "core/record.h"
#include "core/upgrade.h"
#include "loop/loop.h"

/* Of the login's deadline, how much the last question may use up. */
#define CONFIRM_MS 1500

/* ---- identify ---- */

static enum progress login_identify(struct login *login)
{
    struct facts *facts = &login->facts;
    char authzid[NAME_MAX_LENGTH + 1];

    if (login->why != NULL) {
        return GO_ON; // facts->claim stays CLAIM_MALFORMED
    }
    facts->claim = claim_classify(&login->claim);
    if (facts->claim == CLAIM_MALFORMED) {
        return GO_ON;
    }
    if (facts->claim == CLAIM_APP_PASSWORD) {
        secret_text_parse(SECRET_TEXT_APP_PASSWORD, login->claim.secret, &login->shown);
    }
    facts->sign_in = login->context.sign_in;
    facts->name = name_login(login->claim.authcid, login->core->default_domain, login->name);
    if (facts->name == NAME_OK && login->claim.authzid.len > 0) {
        facts->other_authzid =
            name_login(login->claim.authzid, login->core->default_domain, authzid) != NAME_OK ||
            strcmp(authzid, login->name) != 0;
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

    login->account = row->id;
    login->version = row->version;
    login->generation = row->generation;
    login->login = copy_text(login, row->login);
    login->scope_words = arena_copy(login->arena, span_of(row->scopes));
    login->now = row->now;
    facts->suspended = row->suspended;
    login_take_password(login, row);
}

static void login_take_app_passwords(struct login *login, const struct account_row *row)
{
    struct facts *facts = &login->facts;

    if (row->credential != 0) {
        facts->app_password = true;
        facts->expired = row->expired;
        login->credential = row->credential;
        login->credential_version = row->credential_version;
        login->verifier = copy_text(login, row->verifier);
        login->key = copy_text(login, row->key);
    }
}

static void login_looked_up(struct lookup_request *request, enum db_status status,
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
        clock_watch_note(&login->core->clock, row->now);
    }
    login_run(login);
}

static enum progress login_look_up(struct login *login)
{
    if (verdict_of(&login->facts).want != WANT_ACCOUNT) {
        return GO_ON;
    }
    login->lookup.login = login->name;
    login->lookup.selector = "";
    if (login->facts.claim == CLAIM_APP_PASSWORD) {
        login->lookup.selector = arena_copy(login->arena, secret_text_selector(&login->shown));
    }
    login->lookup.done = login_looked_up;
    lookup_submit(login->core->lookup, &login->lookup);
    return WAIT;
}

/* ---- consume ---- */

static void login_confirmed(const struct db_result *result, void *arg)
{
    struct login *login = arg;

    login->confirm = NULL;
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
    login->confirm = db_unit_create(STATEMENT_LOGIN_CONFIRM);
    db_unit_int(login->confirm, login->account);
    db_unit_int(login->confirm, login->version);
    if (login->credential != 0) {
        db_unit_int(login->confirm, login->credential);
        db_unit_int(login->confirm, login->credential_version);
    } else {
        db_unit_text(login->confirm, NULL);
        db_unit_text(login->confirm, NULL);
    }
    db_run(login->core->db, login->confirm, CONFIRM_MS, login_confirmed, login);
    return WAIT;
}

/* ---- verdict, on the grid ---- */

static void login_arm(struct login *login, int64_t ms)
{
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

    evtimer_add(&login->timer, &delay);
}

/* Who is told "later" at once comes again at once. */
static bool is_overload(enum reason reason)
{
    return reason == REASON_HASH_QUEUE_FULL || reason == REASON_HASH_TOO_SLOW;
}

static enum progress login_decide(struct login *login)
{
    login->verdict = verdict_of(&login->facts);
    if (login->verdict.reason == REASON_WRONG_PASSWORD && login->facts.split) {
        login->why = "its last digits were taken for a code";
    }
    if (login->verdict.outcome != OUTCOME_DENY && !is_overload(login->verdict.reason)) {
        return GO_ON;
    }
    int64_t now = clock_ms();
    int64_t settled = login->checked + LOGIN_SETTLE_MS;
    int64_t from = settled > now ? settled : now;

    login_arm(login, from - now + LOGIN_GRID_MS - (from - login->arrival) % LOGIN_GRID_MS);
    return WAIT;
}

/* ---- record and answer ---- */

/* By what it was let in: "#p3", "#k7". */
static const char *login_tag(const struct login *login)
{
    return login->credential != 0 ? arena_printf(login->arena, "#k%" PRId64, login->credential)
                                  : arena_printf(login->arena, "#p%d", login->generation);
}

/* `left`: why it ends before its answer, REASON_NONE if it does not. */
static void login_record(const struct login *login, enum reason left)
{
    bool decided = login->verdict.reason != REASON_NONE;
    bool named = login->verdict.outcome == OUTCOME_ALLOW || login->credential != 0;

    record_auth(&(struct record){
        .core = login->core,
        .outcome = decided ? login->verdict.outcome : record_undecided(left),
        .reason = decided ? login->verdict.reason : left,
        .context = &login->context,
        .user = login->name[0] != '\0' ? span_of(login->name) : login->claim.authcid,
        .account = login->account,
        .credential = decided && named ? login_tag(login) : NULL,
        .factor = login->factor_word,
        .why = login->why,
        .gone = decided && left != REASON_NONE,
        .ms = clock_ms() - login->arrival,
        .reference = login->reference,
    });
}

/* alice@example.org, or alice#p3@example.org: the tag ends the local part. From the row only. */
static const char *login_identity(const struct login *login)
{
    const char *at = strrchr(login->login, '@');

    if (!login->context.tagged) {
        return login->login;
    }
    return arena_printf(login->arena, "%.*s%s%s", (int)(at - login->login), login->login,
                        login_tag(login), at);
}

static void login_free(struct login *login)
{
    struct arena *arena = login->arena;

    evtimer_del(&login->timer);
    arena_destroy(arena); // the login itself is in it
}

static void login_used(const struct login *login)
{
    if (login->credential != 0) {
        last_use_note(login->core->last_uses, login->credential, login->context.client);
        login_rekey(login);
    } else {
        upgrade_consider(login->core->upgrades, &(struct upgrade_request){
                                                    .account = login->account,
                                                    .seal = login->seal,
                                                    .sealed = login->sealed,
                                                    .stored = login->stored,
                                                    .password = login->password,
                                                });
    }
}

static enum progress login_answer(struct login *login)
{
    struct login_result result = {
        .outcome = login->verdict.outcome,
        .reason = login->verdict.reason,
        .user = login->name,
        .reference = login->reference,
        .open = login->facts.enrolled && verdict_needs_factor(&login->facts),
    };

    if (result.outcome == OUTCOME_ALLOW) {
        result.identity = login_identity(login);
        result.account = login->account;
        result.version = login->version;
        result.factor = login->factor_word;
        result.must_enrol =
            login->context.sign_in && !login->facts.enrolled && verdict_needs_factor(&login->facts);
        login_used(login);
    }
    login_record(login, REASON_NONE);
    login->done(&result, login->arg);
    login_free(login);
    return ENDED;
}

/* ---- the table ---- */

enum {
    STEP_IDENTIFY,
    STEP_LOOK_UP,
    STEP_VERIFY,
    STEP_ASK_GRACE,
    STEP_VERIFY_WHOLE,
    STEP_ASK_FOREIGN,
    STEP_VERIFY_FOREIGN,
    STEP_ASK_SCOPES,
    STEP_USE_CODE,
    STEP_EVEN_OUT_ASK, // what a wrong password would have been compared with,
    STEP_EVEN_OUT,     // after a refused code
    STEP_CONSUME,
    STEP_DECIDE,
    STEP_ANSWER
};

static enum progress (*const steps[])(struct login *) = {
    [STEP_IDENTIFY] = login_identify,
    [STEP_LOOK_UP] = login_look_up,
    [STEP_VERIFY] = login_verify,
    [STEP_ASK_GRACE] = login_ask_grace,
    [STEP_VERIFY_WHOLE] = login_verify_whole,
    [STEP_ASK_FOREIGN] = login_ask_foreign,
    [STEP_VERIFY_FOREIGN] = login_verify_foreign,
    [STEP_ASK_SCOPES] = login_ask_scopes,
    [STEP_USE_CODE] = login_use_code,
    [STEP_EVEN_OUT_ASK] = login_ask_foreign,
    [STEP_EVEN_OUT] = login_verify_foreign,
    [STEP_CONSUME] = login_consume,
    [STEP_DECIDE] = login_decide,
    [STEP_ANSWER] = login_answer,
};

void login_run(struct login *login)
{
    enum progress progress;

    do {
        progress = steps[login->step++](login);
    } while (progress == GO_ON);
}

static void login_stop_waiting(struct login *login)
{
    lookup_cancel(login->core->lookup, &login->lookup);
    scope_cache_cancel(login->core->scopes, &login->scopes);
    if (login->verify != NULL) {
        verify_cancel(login->verify);
        login->verify = NULL;
    }
    if (login->confirm != NULL) {
        db_cancel(login->confirm);
        login->confirm = NULL;
    }
}

static void login_timer(evutil_socket_t fd, short what, void *arg)
{
    struct login *login = arg;

    (void)fd;
    (void)what;
    if (login->step <= STEP_DECIDE) { // the deadline; later it is the grid
        login_stop_waiting(login);
        login->facts.trouble = REASON_DEADLINE;
        login->step = STEP_DECIDE;
    }
    login_run(login);
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
    login->context = *context;
    login->context.service = arena_copy(arena, span_of(context->service));
    login->context.client = arena_copy(arena, span_of(context->client));
    login->context.peer = arena_copy(arena, span_of(context->peer));
    login->context.code = copy_span(arena, context->code);
    login->done = done;
    login->arg = arg;
    login->arrival = clock_ms();
    reference_make(login->reference);
    evtimer_assign(&login->timer, loop_base(core->loop), login_timer, login);
    login_arm(login, LOGIN_DEADLINE_MS);
    return login;
}

struct login *login_begin(struct core *core, const struct claim *claim,
                          const struct login_context *context, login_done_f *done, void *arg)
{
    struct login *login = login_create(core, context, done, arg);

    login->claim.authcid = copy_span(login->arena, claim->authcid);
    login->claim.authzid = copy_span(login->arena, claim->authzid);
    login->claim.secret = copy_span(login->arena, claim->secret);
    login->password = login->claim.secret;
    login_run(login);
    return login;
}

struct login *login_refuse(struct core *core, const char *why, const struct login_context *context,
                           login_done_f *done, void *arg)
{
    struct login *login = login_create(core, context, done, arg);

    login->why = why;
    login_run(login);
    return login;
}

void login_cancel(struct login *login, enum reason reason)
{
    login_stop_waiting(login);
    login_record(login, reason);
    login_free(login);
}
