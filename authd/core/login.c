/* The life of one login: a short table of steps, each of which goes on, waits, or leaves the rest
 * to those after it. What is decided is decided by core/verdict; the steps only learn facts for it.
 *
 * Threats: telling an unknown user from a wrong password by time or octets (every name is looked
 * up, every password is hashed, against a dummy if need be, and a DENY leaves on a grid); an
 * account that changes while its password is being hashed (confirmed afterwards); a client that
 * leaves (everything under way is cancelled, and the log still has its line).
 */
#include "core/login.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/core.h"
#include "core/record.h"
#include "core/upgrade.h"
#include "core/verdict.h"
#include "core/verify.h"
#include "loop/loop.h"
#include "store/lookup.h"

/* Of the login's deadline, how much the password check may use up, and the check afterwards. */
#define VERIFY_MS  5000
#define CONFIRM_MS 1500

struct login {
    struct core *core;
    struct arena *arena;
    struct login_context context;
    login_done_f *done;
    void *arg;
    int64_t arrival;
    char reference[REFERENCE_LENGTH + 1];

    struct claim claim;
    const char *why; // the mechanism's word on a malformed exchange, or NULL
    char name[NAME_MAX_LENGTH + 1];
    struct facts facts;
    struct verdict verdict;

    // The account as it was looked up.
    int64_t account;
    int64_t version;
    int generation;
    const char *login;
    const char *stored;

    // What it waits for; at most one of these and the timer.
    unsigned step; // the next one
    struct lookup_request lookup;
    struct verify *verify;
    struct db_unit *confirm;
    struct event timer; // the deadline, then the grid
};

enum progress { GO_ON, WAIT, ENDED };

static void login_run(struct login *login);

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

static void login_trouble(struct login *login, enum db_status status)
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

static void login_looked_up(struct lookup_request *request, enum db_status status,
                            const struct account_row *row)
{
    struct login *login = (struct login *)((char *)request - offsetof(struct login, lookup));
    struct facts *facts = &login->facts;

    login_trouble(login, status);
    if (status == DB_OK) {
        facts->account = row == NULL ? ANSWER_NO : ANSWER_YES;
    }
    if (row != NULL) {
        login->account = row->id;
        login->version = row->version;
        login->generation = row->generation;
        login->login = arena_copy(login->arena, span_of(row->login));
        facts->suspended = row->suspended;
        facts->password = password_kind_of(&login->core->schemes, row->password);
    }
    if (facts->password == PASSWORD_USABLE) {
        login->stored = arena_copy(login->arena, span_of(row->password));
    }
    login_run(login);
}

static enum progress login_look_up(struct login *login)
{
    if (verdict_of(&login->facts).want != WANT_ACCOUNT) {
        return GO_ON;
    }
    login->lookup.login = login->name;
    login->lookup.done = login_looked_up;
    lookup_submit(login->core->lookup, &login->lookup);
    return WAIT;
}

/* ---- verify ---- */

static void login_match(struct login *login, enum verify_result result)
{
    struct facts *facts = &login->facts;

    switch (result) {
    case VERIFY_YES:
        facts->match = ANSWER_YES;
        return;
    case VERIFY_NO:
        facts->match = ANSWER_NO;
        return;
    case VERIFY_FAILED:
        facts->trouble = REASON_HASH_FAILED;
        return;
    case VERIFY_EXPIRED:
        facts->trouble = REASON_HASH_TOO_SLOW;
        return;
    case VERIFY_QUEUE_FULL:
        facts->trouble = REASON_HASH_QUEUE_FULL;
        return;
    }
}

static void login_verified(enum verify_result result, void *arg)
{
    struct login *login = arg;

    login->verify = NULL;
    login_match(login, result);
    login_run(login);
}

/* Without a usable hash the dummy is hashed: same work, same queue, same troubles. */
static enum progress login_verify(struct login *login)
{
    const struct password_schemes *schemes = &login->core->schemes;
    const char *stored = login->facts.password == PASSWORD_USABLE ? login->stored : schemes->dummy;
    enum verify_result result;
    struct authd_cost cost;

    if (verdict_of(&login->facts).want != WANT_MATCH) {
        return GO_ON;
    }

    struct verify_order order = {
        .scheme = password_scheme(schemes, stored, &cost),
        .stored = stored,
        .secret = login->claim.secret,
        .deadline = login->arrival + VERIFY_MS,
        .source = login->context.source,
    };

    order.work = cost.work;
    login->verify = verify_start(login->core, &order, &result, login_verified, login);
    if (login->verify != NULL) {
        login->facts.waited = true;
        return WAIT;
    }
    login_match(login, result);
    return GO_ON;
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
    login->confirm = db_unit_create(STATEMENT_CONFIRM);
    db_unit_int(login->confirm, login->account);
    db_unit_int(login->confirm, login->version);
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
    if (login->verdict.outcome != OUTCOME_DENY && !is_overload(login->verdict.reason)) {
        return GO_ON;
    }
    login_arm(login, LOGIN_GRID_MS - (clock_ms() - login->arrival) % LOGIN_GRID_MS);
    return WAIT;
}

/* ---- record and answer ---- */

/* `left`: why it ends before its answer, REASON_NONE if it does not. */
static void login_record(const struct login *login, enum reason left)
{
    bool decided = login->verdict.reason != REASON_NONE;

    record_auth(&(struct record){
        .outcome = decided ? login->verdict.outcome : record_undecided(left),
        .reason = decided ? login->verdict.reason : left,
        .context = &login->context,
        .user = login->name[0] != '\0' ? span_of(login->name) : login->claim.authcid,
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
    return arena_printf(login->arena, "%.*s#p%d%s", (int)(at - login->login), login->login,
                        login->generation, at);
}

static void login_free(struct login *login)
{
    struct arena *arena = login->arena;

    evtimer_del(&login->timer);
    arena_destroy(arena); // the login itself is in it
}

static enum progress login_answer(struct login *login)
{
    struct login_result result = {
        .outcome = login->verdict.outcome,
        .reason = login->verdict.reason,
        .user = login->name,
        .reference = login->reference,
    };

    if (result.outcome == OUTCOME_ALLOW) {
        result.identity = login_identity(login);
        result.account = login->account;
        result.version = login->version;
        upgrade_consider(login->core->upgrades, login->account, login->stored, login->claim.secret);
    }
    login_record(login, REASON_NONE);
    login->done(&result, login->arg);
    login_free(login);
    return ENDED;
}

/* ---- the table ---- */

enum { STEP_IDENTIFY, STEP_LOOK_UP, STEP_VERIFY, STEP_CONSUME, STEP_DECIDE, STEP_ANSWER };

static enum progress (*const steps[])(struct login *) = {
    [STEP_IDENTIFY] = login_identify, [STEP_LOOK_UP] = login_look_up, [STEP_VERIFY] = login_verify,
    [STEP_CONSUME] = login_consume,   [STEP_DECIDE] = login_decide,   [STEP_ANSWER] = login_answer,
};

static void login_run(struct login *login)
{
    enum progress progress;

    do {
        progress = steps[login->step++](login);
    } while (progress == GO_ON);
}

static void login_stop_waiting(struct login *login)
{
    lookup_cancel(login->core->lookup, &login->lookup);
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
    login->done = done;
    login->arg = arg;
    login->arrival = clock_ms();
    reference_make(login->reference);
    evtimer_assign(&login->timer, loop_base(core->loop), login_timer, login);
    login_arm(login, LOGIN_DEADLINE_MS);
    return login;
}

static struct span copy_span(struct arena *arena, struct span span)
{
    return (struct span){arena_copy(arena, span), span.len};
}

struct login *login_begin(struct core *core, const struct claim *claim,
                          const struct login_context *context, login_done_f *done, void *arg)
{
    struct login *login = login_create(core, context, done, arg);

    login->claim.authcid = copy_span(login->arena, claim->authcid);
    login->claim.authzid = copy_span(login->arena, claim->authzid);
    login->claim.secret = copy_span(login->arena, claim->secret);
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
