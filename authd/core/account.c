/* Users are managed here: one call prepares its arguments, hashes the password on the hash lane if
 * there is one, and runs one SQL function.
 *
 * Threats: two spellings of one name, so every name is made canonical before it reaches SQL; a
 * password that outlives its call, so each copy has one owner who wipes it, and only the hash goes
 * to the database; database texts that tell a stranger about the schema, so only the functions' own
 * refusals (SQLSTATE class AU) are passed on. */
#include "core/account.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/arguments.h"
#include "core/claim.h"
#include "core/core.h"
#include "core/hashing.h"
#include "loop/loop.h"
#include "loop/workers.h"
#include "store/db.h"

/* Together below every client's patience: authctl waits 30 s. */
#define ACCOUNT_HASH_MS     8000
#define ACCOUNT_DATABASE_MS 8000
#define ACCOUNT_READY_MS    1500 /* a supervisor asks, and does not wait long */

struct account_call {
    struct core *core;
    enum statement statement;
    json_t *context; /* of authd.manage() */
    json_t *arguments;
    bool dry_run;
    struct hashing *hashing;  /* while the password is hashed, then */
    struct db_unit *unit;     /* while it runs */
    struct loop_hook refusal; /* delivers `refused` after account_start() has returned */
    enum account_status refused;
    char detail[ARGUMENTS_DETAIL_MAX];
    account_done_f *done;
    void *arg;
};

static void call_destroy(struct account_call *call)
{
    json_decref(call->context);
    json_decref(call->arguments);
    free(call);
}

static void call_end(struct account_call *call, const struct account_result *result)
{
    call->done(result, call->arg);
    call_destroy(call);
}

static bool text_span(const json_t *value, struct span *out)
{
    if (!json_is_string(value)) {
        return false;
    }
    *out = (struct span){json_string_value(value), json_string_length(value)};
    return true;
}

/* Always false. The answer itself waits until account_start() has returned. */
static bool __attribute__((format(printf, 3, 4)))
refuse(struct account_call *call, enum account_status status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(call->detail, sizeof(call->detail), format, args);
    va_end(args);
    call->refused = status;
    return false;
}

/* ---- database ------------------------------------------------------------------------------ */

static bool statement_writes(enum statement statement)
{
    static const enum db_kind kinds[STATEMENT_COUNT] = {
#define X(name, lane, kind, parameters, sql) [STATEMENT_##name] = KIND_##kind,
        STATEMENTS(X)
#undef X
    };

    return kinds[statement] == KIND_WRITE;
}

/* The database did not say anything. */
static struct account_result result_unanswered(const struct account_call *call,
                                               enum db_status status)
{
    bool timeout = status == DB_TIMEOUT;

    if (!statement_writes(call->statement) || call->dry_run) {
        return (struct account_result){
            .status = ACCOUNT_UNAVAILABLE,
            .detail =
                timeout ? "the database did not answer in time" : "the database cannot be reached",
            .hint = "Try again.",
            .cause = timeout ? "database-slow" : "database-down",
        };
    }
    return (struct account_result){
        .status = ACCOUNT_UNAVAILABLE,
        .detail = timeout ? "the database did not answer in time; whether the change was made is "
                            "unknown"
                          : "the database cannot be reached; if the change was on its way, whether "
                            "it was made is unknown",
        .hint = "Look at the user, then try again.",
        .cause = timeout ? "database-slow" : "database-down",
    };
}

/* The database said no: nothing was changed. */
static struct account_result result_refused(const struct db_result *answer)
{
    bool read_only = strcmp(answer->sqlstate, "25006") == 0;
    static const struct {
        const char *sqlstate;
        enum account_status status;
    } known[] = {
        {"AU401", ACCOUNT_UNAUTHORIZED}, {"AU403", ACCOUNT_FORBIDDEN}, {"AU404", ACCOUNT_NOT_FOUND},
        {"AU409", ACCOUNT_CONFLICT},     {"AU412", ACCOUNT_STALE},     {"AU422", ACCOUNT_INVALID},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(answer->sqlstate, known[i].sqlstate) == 0) {
            return (struct account_result){
                .status = known[i].status,
                .detail = answer->message,
                .hint = answer->hint,
            };
        }
    }
    return (struct account_result){
        .status = ACCOUNT_UNAVAILABLE,
        .detail = "the database cannot do this now; nothing was changed",
        .hint = read_only ? "It is read-only: let database.url lead to the primary, by "
                            "target_session_attrs=read-write."
                          : "The log says why, under this reference.",
        .cause = answer->message,
    };
}

static struct account_result result_of(const struct account_call *call,
                                       const struct db_result *answer)
{
    if (answer->status == DB_OK) {
        return (struct account_result){.status = ACCOUNT_OK};
    }
    return answer->sqlstate != NULL ? result_refused(answer)
                                    : result_unanswered(call, answer->status);
}

static void call_answered(const struct db_result *answer, void *arg)
{
    struct account_call *call = arg;
    struct account_result result = result_of(call, answer);

    call->unit = NULL;
    if (result.status == ACCOUNT_OK) {
        const char *text = answer->rows == 1 ? db_text(answer, 0, 0) : NULL;

        result.object = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
        if (result.object == NULL) {
            abort(); /* the functions of schema/ return one JSON object */
        }
    }
    call_end(call, &result);
    json_decref(result.object);
}

static void call_run(struct account_call *call)
{
    char *context = json_dumps(call->context, JSON_COMPACT);
    char *arguments = json_dumps(call->arguments, JSON_COMPACT);

    call->unit = db_unit_create(call->statement);
    db_unit_text(call->unit, context);
    db_unit_text(call->unit, arguments);
    if (call->dry_run) {
        db_unit_dry_run(call->unit);
    }
    secret_wipe(arguments, strlen(arguments)); /* it may hold a password hash */
    free(arguments);
    free(context);
    db_run(call->core->db, call->unit, ACCOUNT_DATABASE_MS, call_answered, call);
}

/* ---- password ------------------------------------------------------------------------------ */

static void call_hashed(enum hashing_result made, const char *stored, void *arg)
{
    struct account_call *call = arg;

    call->hashing = NULL;
    if (made != HASHING_MADE) {
        bool late = made == HASHING_EXPIRED;
        struct account_result result = {
            .status = ACCOUNT_UNAVAILABLE,
            .detail = late ? "the password was not hashed in time; nothing was changed"
                           : "no memory to hash the password; nothing was changed",
            .hint = "Try again.",
            .cause = late ? "hash-too-slow" : "hash-failed",
        };
        call_end(call, &result);
        return;
    }
    json_object_set_new(call->arguments, "password_hash", json_string(stored));
    call_run(call);
}

/* False: refused. */
static bool call_hash(struct account_call *call, struct span password)
{
    const char *flaw = claim_password_flaw(password);

    if (flaw != NULL) {
        return refuse(call, ACCOUNT_INVALID, "password %s", flaw);
    }
    call->hashing =
        hashing_start(call->core, password, clock_ms() + ACCOUNT_HASH_MS, call_hashed, call);
    if (call->hashing == NULL) {
        return refuse(call, ACCOUNT_UNAVAILABLE,
                      "too many passwords wait to be hashed; nothing was changed");
    }
    return true;
}

/* ---- calls --------------------------------------------------------------------------------- */

static void call_refuse(void *arg)
{
    struct account_call *call = arg;
    struct account_result result = {
        .status = call->refused,
        .detail = call->detail,
        .hint = call->refused == ACCOUNT_UNAVAILABLE ? "Try again." : NULL,
        .cause = call->refused == ACCOUNT_UNAVAILABLE ? "hash-queue-full" : NULL,
    };

    call_end(call, &result);
}

/* False: `refused` and `detail` say why nothing was started. */
static bool call_begin(struct account_call *call)
{
    struct span password;

    if (!arguments_prepare(call->arguments, call->core->default_domain, call->detail)) {
        call->refused = ACCOUNT_INVALID;
        return false;
    }
    if (text_span(json_object_get(call->arguments, "password"), &password)) {
        return call_hash(call, password);
    }
    call_run(call);
    return true;
}

/* Our copy of the request's password has done its work once the hash lane has its own. */
static void arguments_wipe_password(json_t *arguments)
{
    struct span password;

    if (text_span(json_object_get(arguments, "password"), &password)) {
        secret_wipe((char *)password.ptr, password.len);
        json_object_del(arguments, "password");
    }
}

struct account_call *account_start(struct core *core, const struct account_request *request,
                                   account_done_f *done, void *arg)
{
    struct account_call *call = mem_new(struct account_call);

    call->core = core;
    call->statement = request->statement;
    call->context = json_deep_copy(request->context);
    call->arguments = json_deep_copy(request->arguments);
    call->dry_run = request->dry_run;
    call->refusal = (struct loop_hook){.run = call_refuse, .arg = call};
    call->done = done;
    call->arg = arg;

    bool begun = call_begin(call);

    arguments_wipe_password(call->arguments);
    if (!begun) {
        loop_defer(core->loop, LOOP_BATCH, &call->refusal);
    }
    return call;
}

static void ready_answered(const struct db_result *answer, void *arg)
{
    struct account_call *call = arg;
    struct account_result result = result_of(call, answer);

    call->unit = NULL;
    call_end(call, &result);
}

/* Asks what a login asks last, about an account that never was. */
struct account_call *account_ready(struct core *core, account_done_f *done, void *arg)
{
    struct account_call *call = mem_new(struct account_call);

    call->core = core;
    call->statement = STATEMENT_CONFIRM;
    call->done = done;
    call->arg = arg;
    call->unit = db_unit_create(STATEMENT_CONFIRM);
    db_unit_int(call->unit, 0);
    db_unit_int(call->unit, 0);
    db_run(core->db, call->unit, ACCOUNT_READY_MS, ready_answered, call);
    return call;
}

void account_cancel(struct account_call *call)
{
    loop_undefer(call->core->loop, &call->refusal);
    if (call->hashing != NULL) {
        hashing_cancel(call->hashing);
    }
    if (call->unit != NULL) {
        db_cancel(call->unit);
    }
    call_destroy(call);
}
