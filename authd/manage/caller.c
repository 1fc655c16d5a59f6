#include "manage/caller.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "credential/rekey.h"
#include "crypto/secret_text.h"
#include "loop/loop.h"
#include "manage/session.h"
#include "store/db.h"

#define RESOLVE_MS 4000
#define RECORD_MS  20000

struct caller_call {
    struct core *core;
    enum caller_kind kind;
    struct secret_text secret; /* secret of an API key */
    char *address;             /* address of the client; NULL: unknown */
    json_t *credential;        /* the argument for authd.caller() */
    struct db_unit *unit;      /* the running statement, or NULL */
    struct loop_hook later;    /* delivers an answer that needs no database */
    caller_done_f *done;
    void *arg;
};

/* ---- roles --------------------------------------------------------------------------------- */

static const char *const role_words[] = {
    [CALLER_NONE] = NULL,           [CALLER_USER] = "user",
    [CALLER_HELPDESK] = "helpdesk", [CALLER_DOMAIN_ADMIN] = "domain-admin",
    [CALLER_AUDITOR] = "auditor",   [CALLER_ADMIN] = "admin",
    [CALLER_ROOT] = "host",
};

const char *caller_role_word(enum caller_role role)
{
    return role_words[role];
}

enum caller_role caller_role_of(const char *word)
{
    for (int role = CALLER_USER; word != NULL && role <= CALLER_ROOT; role++) {
        if (strcmp(role_words[role], word) == 0) {
            return (enum caller_role)role;
        }
    }
    return CALLER_NONE;
}

/* ---- callers ------------------------------------------------------------------------------- */

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* The caller takes over the references to `known` and `credential`. */
static void caller_fill(struct caller *caller, enum caller_kind kind, json_t *known,
                        json_t *credential)
{
    *caller = (struct caller){
        .kind = kind,
        .role = caller_role_of(member(known, "role")),
        .name = member(known, "name"),
        .login = member(known, "login"),
        .fresh = json_is_true(json_object_get(known, "fresh")),
        .must_enrol = json_is_true(json_object_get(known, "must_enrol")),
        .known = known,
        .credential = credential,
    };
}

void caller_host(struct caller *caller, const char *name)
{
    caller_fill(caller, CALLER_HOST,
                json_pack("{s:s, s:s, s:s, s:b}", "kind", "host", "name", name, "role", "host",
                          "fresh", true),
                json_pack("{s:s, s:s}", "kind", "host", "name", name));
}

void caller_finish(struct caller *caller)
{
    json_decref((json_t *)caller->known);
    json_decref(caller->credential);
    *caller = (struct caller){0};
}

/* ---- calls --------------------------------------------------------------------------------- */

static void call_destroy(struct caller_call *call)
{
    secret_wipe(&call->secret, sizeof(call->secret));
    json_decref(call->credential);
    free(call->address);
    free(call);
}

static void call_end(struct caller_call *call, enum caller_result result, struct caller *caller,
                     const char *cause)
{
    call->done(result, caller, cause, call->arg);
    call_destroy(call);
}

static void call_unknown(void *arg)
{
    call_end(arg, CALLER_UNKNOWN, NULL, NULL);
}

static const char *cause_of(const struct db_result *answer)
{
    if (answer->sqlstate != NULL) {
        return answer->message;
    }
    return answer->status == DB_TIMEOUT ? "database-slow" : "database-down";
}

static void ignored(const struct db_result *answer, void *arg)
{
    (void)answer;
    (void)arg;
}

/* Records the use of the credential: an idle session ends, and people see when a key was last
 * used. */
static void record_use(struct caller_call *call)
{
    if (call->kind == CALLER_SESSION) {
        session_touch(call->core, member(call->credential, "digest"));
        return;
    }

    struct db_unit *unit = db_unit_create(STATEMENT_API_KEY_USED);

    db_unit_int(unit, json_integer_value(json_object_get(call->credential, "id")));
    db_unit_text(unit, call->address);
    db_run(call->core->db, unit, RECORD_MS, ignored, NULL);
}

static void call_answered(const struct db_result *answer, void *arg)
{
    struct caller_call *call = arg;
    struct caller caller;
    const char *text;

    call->unit = NULL;
    if (answer->status != DB_OK) {
        call_end(call, CALLER_UNAVAILABLE, NULL, cause_of(answer));
        return;
    }
    text = answer->rows == 1 ? db_text(answer, 0, 0) : NULL;
    if (text == NULL) {
        call_end(call, CALLER_UNKNOWN, NULL, NULL);
        return;
    }

    json_t *known = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (known == NULL) {
        abort(); /* authd.caller() returns an object */
    }
    record_use(call);
    caller_fill(&caller, call->kind, known, json_incref(call->credential));
    call_end(call, CALLER_KNOWN, &caller, NULL);
}

static void call_run(struct caller_call *call)
{
    char *credential = json_dumps(call->credential, JSON_COMPACT);

    call->unit = db_unit_create(STATEMENT_CALLER);
    db_unit_text(call->unit, credential);
    free(credential);
    db_run(call->core->db, call->unit, RESOLVE_MS, call_answered, call);
}

static void key_found(const struct db_result *answer, void *arg)
{
    struct caller_call *call = arg;

    call->unit = NULL;
    if (answer->status != DB_OK) {
        call_end(call, CALLER_UNAVAILABLE, NULL, cause_of(answer));
        return;
    }
    if (answer->rows == 0) {
        call_end(call, CALLER_UNKNOWN, NULL, NULL);
        return;
    }

    const struct verifier_row row = {
        .kind = VERIFIER_API_KEY,
        .id = db_int(answer, 0, 0),
        .owner = db_text(answer, 0, 1) != NULL ? db_int(answer, 0, 1) : 0,
        .verifier = db_text(answer, 0, 2),
        .key = db_text(answer, 0, 3),
    };

    if (verifier_match(&call->core->keys->peppers, &row, secret_text_secret(&call->secret)) !=
        VERIFIER_YES) {
        call_end(call, CALLER_UNKNOWN, NULL, NULL);
        return;
    }
    rekey_maybe_add(call->core, &row, secret_text_secret(&call->secret));
    call->credential = json_pack("{s:s, s:I, s:s}", "kind", "api-key", "id", (json_int_t)row.id,
                                 "digest", row.verifier);
    call_run(call);
}

/* False: the cookie is malformed, so the database cannot know the session. */
static bool begin_session(struct caller_call *call, struct span cookie)
{
    char digest[SUBKEY_HEX_SIZE];

    if (!session_digest(call->core, cookie, digest)) {
        return false;
    }
    call->credential = json_pack("{s:s, s:s}", "kind", "session", "digest", digest);
    call_run(call);
    return true;
}

static bool begin_key(struct caller_call *call, struct span text)
{
    if (secret_text_parse(SECRET_TEXT_API_KEY, text, &call->secret) != SECRET_TEXT_RIGHT) {
        return false;
    }

    char selector[SECRET_TEXT_SELECTOR_LENGTH + 1];

    call->unit = db_unit_create(STATEMENT_API_KEY_BY_SELECTOR);
    db_unit_text(call->unit,
                 span_text(secret_text_selector(&call->secret), selector, sizeof(selector)));
    db_run(call->core->db, call->unit, RESOLVE_MS, key_found, call);
    return true;
}

struct caller_call *caller_resolve(struct core *core, const struct credential *credential,
                                   caller_done_f *done, void *arg)
{
    struct caller_call *call = mem_new(struct caller_call);

    call->core = core;
    call->kind = credential->kind;
    call->address = credential->address != NULL ? mem_strdup(credential->address) : NULL;
    call->later = (struct loop_hook){.run = call_unknown, .arg = call};
    call->done = done;
    call->arg = arg;

    bool begun = credential->kind == CALLER_SESSION ? begin_session(call, credential->text)
                                                    : begin_key(call, credential->text);

    if (!begun) {
        loop_defer(core->loop, LOOP_BATCH, &call->later);
    }
    return call;
}

void caller_cancel(struct caller_call *call)
{
    if (call->unit != NULL) {
        db_cancel(call->unit);
    } else {
        loop_undefer(call->core->loop, &call->later);
    }
    call_destroy(call);
}
