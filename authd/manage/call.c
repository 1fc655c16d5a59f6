/* One management call prepares its arguments, checks, hashes and encrypts a new password if there
 * is one, and runs one SQL function. The database is asked first which account the hash is
 * encrypted for, so no password is hashed for a caller who may not set it. The SQL function of the
 * change compares that account with the one it finds.
 *
 * Threats: two spellings of one name, so every name is made canonical before it reaches SQL. A
 * password that outlives its call, so each copy has one owner who wipes it, and only the encrypted
 * hash goes to the database. Database texts that tell a stranger about the schema, so only the
 * functions' own refusals (SQLSTATE class AU) are passed on. */
#include "manage/call.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/audit_call.h"
#include "core/core.h"
#include "credential/password_new.h"
#include "credential/stored_hash.h"
#include "crypto/key.h"
#include "loop/loop.h"
#include "loop/workers.h"
#include "manage/arguments.h"
#include "store/db.h"

/* The sum stays below the timeout of every client: authctl waits 30 s. */
#define HASH_MS     8000
#define DATABASE_MS 8000
#define PREPARE_MS  3000
#define READY_MS    1500 /* a supervisor that asks does not wait long */

struct manage_call {
    struct core *core;
    enum statement statement;
    json_t *context; /* the context that authd.manage() takes */
    json_t *arguments;
    bool dry_run;
    bool canonical;
    struct db_unit *unit;             /* the question or the statement that the database runs now */
    int64_t owner;                    /* the account that the new password is for */
    int64_t cipher_version;           /* version of the password cipher */
    struct password_new_call *making; /* set while the password becomes a hash */
    struct loop_hook refusal;         /* delivers `detail` after manage_call_start() has returned */
    char *password;                   /* the new password until hashing starts; wiped */
    size_t password_length;
    char detail[ARGUMENTS_DETAIL_MAX];
    result_done_f *done;
    void *arg;
};

static void password_forget(struct manage_call *call)
{
    secret_wipe(call->password, call->password_length);
    free(call->password);
    call->password = NULL;
    call->password_length = 0;
}

static void call_destroy(struct manage_call *call)
{
    password_forget(call);
    json_decref(call->context);
    json_decref(call->arguments);
    free(call);
}

static void call_end(struct manage_call *call, const struct result *result)
{
    call->done(result, call->arg);
    call_destroy(call);
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

/* The result when the database gave no answer. */
static struct result result_unanswered(bool changes, enum db_status status)
{
    bool timeout = status == DB_TIMEOUT;

    if (!changes) {
        return (struct result){
            .status = RESULT_UNAVAILABLE,
            .detail =
                timeout ? "the database did not answer in time" : "the database cannot be reached",
            .hint = "Try again.",
            .cause = timeout ? "database-slow" : "database-down",
        };
    }
    return (struct result){
        .status = RESULT_UNAVAILABLE,
        .detail = timeout ? "the database did not answer in time; it is unknown whether the change "
                            "was made"
                          : "the database cannot be reached; it is unknown whether the change was "
                            "made",
        .hint = "Check whether the change was made, then try again.",
        .cause = timeout ? "database-slow" : "database-down",
    };
}

/* The seconds until a limit ends, as authd.refuse_until() says. */
static unsigned wait_of(const struct db_result *answer)
{
    return answer->detail != NULL ? (unsigned)strtoul(answer->detail, NULL, 10) : 1;
}

/* The result when the database refused the statement. Nothing was changed. */
static struct result result_refused(const struct db_result *answer)
{
    bool read_only = strcmp(answer->sqlstate, "25006") == 0;
    static const struct {
        const char *sqlstate;
        enum result_status status;
    } known[] = {
        {"AU401", RESULT_UNAUTHORIZED}, {"AU403", RESULT_FORBIDDEN},   {"AU404", RESULT_NOT_FOUND},
        {"AU409", RESULT_CONFLICT},     {"AU412", RESULT_STALE},       {"AU422", RESULT_INVALID},
        {"AU423", RESULT_NEEDS_FACTOR}, {"AU428", RESULT_NEEDS_FRESH}, {"AU429", RESULT_LIMITED},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(answer->sqlstate, known[i].sqlstate) == 0) {
            return (struct result){
                .status = known[i].status,
                .detail = answer->message,
                .hint = answer->hint,
                .wait = known[i].status == RESULT_LIMITED ? wait_of(answer) : 0,
            };
        }
    }
    return (struct result){
        .status = RESULT_UNAVAILABLE,
        .detail = "the database cannot do this now; nothing was changed",
        .hint = read_only ? "It is read-only: add target_session_attrs=read-write to "
                            "database.url, so that authd connects to the primary."
                          : "The log says why, under this reference.",
        .cause = answer->message,
    };
}

/* `changes`: the statement may have changed something if the database did not answer. */
static struct result result_of(bool changes, const struct db_result *answer)
{
    if (answer->status == DB_OK) {
        return (struct result){.status = RESULT_OK};
    }
    return answer->sqlstate != NULL ? result_refused(answer)
                                    : result_unanswered(changes, answer->status);
}

static json_t *object_of(const struct db_result *answer)
{
    const char *text = answer->rows == 1 ? db_text(answer, 0, 0) : NULL;
    json_t *object = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (object == NULL) {
        abort(); /* the functions of schema/ return one JSON object */
    }
    return object;
}

static void call_answered(const struct db_result *answer, void *arg)
{
    struct manage_call *call = arg;
    bool changes = statement_writes(call->statement) && !call->dry_run;
    struct result result = result_of(changes, answer);

    call->unit = NULL;
    if (result.status == RESULT_OK) {
        result.object = object_of(answer);
    }
    call_end(call, &result);
    json_decref(result.object);
}

static struct db_unit *unit_of(enum statement statement, const json_t *context,
                               const json_t *arguments)
{
    struct db_unit *unit = db_unit_create(statement);
    char *context_text = json_dumps(context, JSON_COMPACT);
    char *arguments_text = json_dumps(arguments, JSON_COMPACT);

    db_unit_text(unit, context_text);
    db_unit_text(unit, arguments_text);
    secret_wipe(arguments_text, strlen(arguments_text)); /* the text may hold a password hash */
    free(arguments_text);
    free(context_text);
    return unit;
}

/* ---- the tag for the audit ----------------------------------------------------------------- */

#define OPERATION_MAX 40

/* The name of a MANAGE_STATEMENT is the operation in upper case. */
static void operation_of(enum statement statement, char out[static OPERATION_MAX])
{
    static const char *const names[STATEMENT_COUNT] = {
#define X(name, lane, kind, parameters, sql) [STATEMENT_##name] = #name,
        STATEMENTS(X)
#undef X
    };

    span_text(span_of(names[statement]), out, OPERATION_MAX);
    for (char *c = out; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
}

/* How many rows of one action the call writes at most; 0: the database finds that out. */
static int64_t rows_of(const struct manage_call *call)
{
    if (call->statement == STATEMENT_DOMAIN_REVOKE_ALL) {
        return 0;
    }
    return call->statement == STATEMENT_IMPORT_ROWS
               ? (int64_t)json_array_size(json_object_get(call->arguments, "rows"))
               : 1;
}

static const char *word_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* The rows of a reset link name the user of the link as the actor. */
static void call_tag(struct manage_call *call)
{
    const json_t *actor = json_object_get(call->context, "actor");
    const json_t *credential = json_object_get(call->context, "credential");
    const struct key *key = &call->core->keys->audit;
    bool reset = call->statement == STATEMENT_RESET_USE;
    char *arguments = json_dumps(call->arguments, JSON_COMPACT);
    char operation[OPERATION_MAX];
    struct audit_call tagged = {
        .operation = operation,
        .rows = rows_of(call),
        .kind = word_of(credential, "kind"),
        .credential = word_of(reset ? credential : actor, reset ? "name" : "credential"),
        .account = reset ? call->owner : json_integer_value(json_object_get(actor, "account")),
        .via = word_of(call->context, "via"),
        .peer = word_of(call->context, "peer"),
        .reference = word_of(call->context, "reference"),
    };

    operation_of(call->statement, operation);
    audit_call_begin(&tagged, key, span_of(arguments));
    json_object_set_new(call->context, "call", audit_call_json(&tagged, key));
    secret_wipe(arguments, strlen(arguments)); /* the text may hold a password hash */
    free(arguments);
}

/* ---- the statement ------------------------------------------------------------------------- */

static void call_run(struct manage_call *call)
{
    if (statement_writes(call->statement)) {
        call_tag(call);
    }
    call->unit = unit_of(call->statement, call->context, call->arguments);
    if (call->dry_run) {
        db_unit_dry_run(call->unit);
    }
    db_run(call->core->db, call->unit, DATABASE_MS, call_answered, call);
}

/* ---- password ------------------------------------------------------------------------------ */

static struct result result_not_made(const struct password_new_result *made)
{
    static const struct result results[] = {
        [PASSWORD_NEW_FAILED] = {.status = RESULT_UNAVAILABLE,
                                 .detail = "no memory to hash the password; nothing was changed",
                                 .hint = "Try again.",
                                 .cause = "hash-failed"},
        [PASSWORD_NEW_LATE] = {.status = RESULT_UNAVAILABLE,
                               .detail = "the password was not hashed in time; nothing was changed",
                               .hint = "Try again.",
                               .cause = "hash-too-slow"},
        [PASSWORD_NEW_BUSY] = {.status = RESULT_UNAVAILABLE,
                               .detail =
                                   "too many passwords wait to be hashed; nothing was changed",
                               .hint = "Try again.",
                               .cause = "hash-queue-full"},
    };

    if (made->status == PASSWORD_NEW_REFUSED) {
        return (struct result){.status = RESULT_INVALID, .detail = made->sentence};
    }
    return results[made->status];
}

static void call_made(const struct password_new_result *made, void *arg)
{
    struct manage_call *call = arg;
    bool new = call->statement == STATEMENT_USER_ADD;
    char encrypted[AEAD_MAX + 1];

    call->making = NULL;
    if (made->status != PASSWORD_NEW_HASHED) {
        struct result result = result_not_made(made);

        call_end(call, &result);
        return;
    }
    stored_hash_encrypt_password(call->core, call->owner, call->cipher_version, made->stored,
                                 encrypted);
    json_object_set_new(call->arguments, "password_hash", json_string(encrypted));
    json_object_set_new(call->arguments, "password_cipher_version",
                        json_integer(call->cipher_version));
    json_object_set_new(call->arguments, new ? "account_id" : "password_owner",
                        json_integer(call->owner));
    call_run(call);
}

/* Starts to check and hash the password. `owner` is the JSON object whose members name the user. */
static void call_make(struct manage_call *call, const json_t *owner)
{
    json_t *names = password_new_names(owner);
    const struct password_new_request request = {
        .names = names,
        .enrolled = json_is_true(json_object_get(owner, "enrolled")),
        .password = {call->password, call->password_length},
        .deadline = clock_ms() + HASH_MS,
    };

    call->making = password_new_start(call->core, &request, call_made, call);
    password_forget(call);
    json_decref(names);
}

static void call_prepared(const struct db_result *answer, void *arg)
{
    struct manage_call *call = arg;
    struct result result = result_of(false, answer);

    call->unit = NULL;
    if (result.status != RESULT_OK) {
        call_end(call, &result);
        return;
    }
    json_t *owner = object_of(answer);

    call->owner = result_number(owner, "id");
    call->cipher_version = result_number(owner, "cipher_version");
    call_make(call, call->statement == STATEMENT_USER_ADD ? call->arguments : owner);
    json_decref(owner);
}

/* Asks the database which account the password is for, and for the number that the hash is
 * encrypted with. */
static void call_prepare(struct manage_call *call)
{
    json_t *context =
        /* idempotency and if_match apply to the change only, not to this question. */
        json_copy(call->context);

    json_object_del(context, "idempotency");
    json_object_del(context, "if_match");
    if (call->statement == STATEMENT_USER_ADD) { /* the account does not exist yet */
        call->unit = db_unit_create(STATEMENT_USER_PREPARE);
    } else {
        call->unit = unit_of(call->statement == STATEMENT_RESET_USE ? STATEMENT_RESET_PREPARE
                                                                    : STATEMENT_PASSWORD_PREPARE,
                             context, call->arguments);
    }
    db_run(call->core->db, call->unit, PREPARE_MS, call_prepared, call);
    json_decref(context);
}

/* ---- calls --------------------------------------------------------------------------------- */

static void call_refuse(void *arg)
{
    struct manage_call *call = arg;
    struct result result = {.status = RESULT_INVALID, .detail = call->detail};

    call_end(call, &result);
}

/* Moves the password from the arguments into the call. False: there is none. */
static bool take_password(struct manage_call *call)
{
    json_t *value = json_object_get(call->arguments, "password");
    size_t length = json_string_length(value);

    if (!json_is_string(value)) {
        return false;
    }
    call->password = mem_calloc(length + 1, 1);
    call->password_length = length;
    memcpy(call->password, json_string_value(value), length);
    secret_wipe((char *)json_string_value(value), length);
    json_object_del(call->arguments, "password");
    return true;
}

/* Begins the call. A refusal is delivered later, after manage_call_start() has returned. */
static void call_begin(struct manage_call *call)
{
    bool has_password = take_password(call);

    if (!call->canonical &&
        !arguments_prepare(call->arguments, call->core->default_domain, call->detail)) {
        loop_defer(call->core->loop, LOOP_BATCH, &call->refusal);
    } else if (has_password) {
        call_prepare(call);
    } else {
        call_run(call);
    }
}

struct manage_call *manage_call_start(struct core *core, const struct manage_request *request,
                                      result_done_f *done, void *arg)
{
    struct manage_call *call = mem_new(struct manage_call);

    call->core = core;
    call->statement = request->statement;
    call->context = json_deep_copy(request->context);
    call->arguments = json_deep_copy(request->arguments);
    call->dry_run = request->dry_run;
    call->canonical = request->canonical;
    call->refusal = (struct loop_hook){.run = call_refuse, .arg = call};
    call->done = done;
    call->arg = arg;
    call_begin(call);
    return call;
}

static void ready_answered(const struct db_result *answer, void *arg)
{
    struct manage_call *call = arg;
    struct result result = result_of(false, answer);

    call->unit = NULL;
    call_end(call, &result);
}

/* Runs the last statement of a login, for an account that does not exist. */
struct manage_call *manage_call_ready(struct core *core, result_done_f *done, void *arg)
{
    struct manage_call *call = mem_new(struct manage_call);

    call->core = core;
    call->statement = STATEMENT_CONFIRM;
    call->done = done;
    call->arg = arg;
    call->unit = db_unit_create(STATEMENT_CONFIRM);
    db_unit_int(call->unit, 0);
    db_unit_int(call->unit, 0);
    db_run(core->db, call->unit, READY_MS, ready_answered, call);
    return call;
}

void manage_call_cancel(struct manage_call *call)
{
    loop_undefer(call->core->loop, &call->refusal);
    if (call->making != NULL) {
        password_new_cancel(call->making);
    }
    if (call->unit != NULL) {
        db_cancel(call->unit);
    }
    call_destroy(call);
}
