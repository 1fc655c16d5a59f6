#include "core/caller.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "core/derived.h"
#include "loop/loop.h"
#include "store/db.h"

#define RESOLVE_MS 4000

struct caller_call {
    struct core *core;
    json_t *credential;     /* as authd.caller() takes it */
    struct db_unit *unit;   /* while the database is asked, or */
    struct loop_hook later; /* what can be answered without it */
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

/* Takes over both references. */
static void caller_fill(struct caller *caller, enum caller_kind kind, json_t *known,
                        json_t *credential)
{
    *caller = (struct caller){
        .kind = kind,
        .role = caller_role_of(member(known, "role")),
        .name = member(known, "name"),
        .login = member(known, "login"),
        .fresh = json_is_true(json_object_get(known, "fresh")),
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

/* ---- sessions ------------------------------------------------------------------------------ */

bool caller_session_digest(const struct core *core, struct span cookie,
                           char out[static DERIVED_HEX_SIZE])
{
    uint8_t octets[CALLER_SESSION_OCTETS];
    size_t len;
    bool right = cookie.len == CALLER_SESSION_LENGTH &&
                 sodium_base642bin(octets, sizeof(octets), cookie.ptr, cookie.len, NULL, &len, NULL,
                                   sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
                 len == sizeof(octets);

    if (right) {
        const struct span part = {(const char *)octets, sizeof(octets)};

        derived_digest(core, "session", &part, 1, out);
    }
    secret_wipe(octets, sizeof(octets));
    return right;
}

void caller_session_make(const struct core *core, char cookie[static CALLER_SESSION_LENGTH + 1],
                         char digest[static DERIVED_HEX_SIZE])
{
    uint8_t octets[CALLER_SESSION_OCTETS];

    secret_random(octets, sizeof(octets));
    sodium_bin2base64(cookie, CALLER_SESSION_LENGTH + 1, octets, sizeof(octets),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    secret_wipe(octets, sizeof(octets));
    caller_session_digest(core, (struct span){cookie, CALLER_SESSION_LENGTH}, digest);
}

/* ---- calls --------------------------------------------------------------------------------- */

static void call_destroy(struct caller_call *call)
{
    json_decref(call->credential);
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
    caller_fill(&caller, CALLER_SESSION, known, json_incref(call->credential));
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

struct caller_call *caller_resolve(struct core *core, const struct credential *credential,
                                   caller_done_f *done, void *arg)
{
    struct caller_call *call = mem_new(struct caller_call);
    char digest[DERIVED_HEX_SIZE];

    call->core = core;
    call->later = (struct loop_hook){.run = call_unknown, .arg = call};
    call->done = done;
    call->arg = arg;
    if (credential->kind == CALLER_SESSION &&
        caller_session_digest(core, credential->text, digest)) {
        call->credential = json_pack("{s:s, s:s}", "kind", "session", "digest", digest);
        call_run(call);
        return call;
    }
    loop_defer(core->loop, LOOP_BATCH, &call->later);
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
