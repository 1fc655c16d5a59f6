#include "manage/session.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "store/db.h"

#define SESSION_MS 6000
#define TOUCH_MS   20000
#define VARIANT    sodium_base64_VARIANT_URLSAFE_NO_PADDING

struct session_call {
    char cookie[SESSION_LENGTH + 1]; /* cookie of a new session */
    struct db_unit *unit;
    session_done_f *done;
    void *arg;
};

bool session_digest(const struct core *core, struct span cookie, char out[static SUBKEY_HEX_SIZE])
{
    uint8_t octets[SESSION_OCTETS];
    size_t len;
    bool right = cookie.len == SESSION_LENGTH &&
                 sodium_base642bin(octets, sizeof(octets), cookie.ptr, cookie.len, NULL, &len, NULL,
                                   VARIANT) == 0 &&
                 len == sizeof(octets);

    if (right) {
        const struct span part = {(const char *)octets, sizeof(octets)};

        subkey_digest(core, "session", &part, 1, out);
    }
    secret_wipe(octets, sizeof(octets));
    return right;
}

static void cookie_make(char out[static SESSION_LENGTH + 1])
{
    uint8_t octets[SESSION_OCTETS];

    secret_random(octets, sizeof(octets));
    sodium_bin2base64(out, SESSION_LENGTH + 1, octets, sizeof(octets), VARIANT);
    secret_wipe(octets, sizeof(octets));
}

static const char *cause_of(const struct db_result *result)
{
    if (result->sqlstate != NULL) {
        return result->message;
    }
    return result->status == DB_TIMEOUT ? "database-slow" : "database-down";
}

static void call_destroy(struct session_call *call)
{
    secret_wipe(call, sizeof(*call));
    free(call);
}

static void call_end(struct session_call *call, const struct session_answer *answer)
{
    call->done(answer, call->arg);
    json_decref(answer->object);
    call_destroy(call);
}

static void add_answered(const struct db_result *result, void *arg)
{
    struct session_call *call = arg;
    struct session_answer answer = {.result = SESSION_UNAVAILABLE};
    const char *text = NULL;

    if (result->status == DB_OK) {
        text = result->rows == 1 ? db_text(result, 0, 0) : NULL;
        answer.result = text != NULL ? SESSION_DONE : SESSION_REFUSED;
    } else {
        answer.cause = cause_of(result);
    }
    if (text != NULL) {
        answer.object = json_loads(text, 0, NULL);
        answer.cookie = call->cookie;
    }
    call_end(call, &answer);
}

static void end_answered(const struct db_result *result, void *arg)
{
    bool good = result->status == DB_OK;
    const struct session_answer answer = {
        .result = good ? SESSION_DONE : SESSION_UNAVAILABLE,
        .cause = good ? NULL : cause_of(result),
    };

    call_end(arg, &answer);
}

static void ignored(const struct db_result *result, void *arg)
{
    (void)result;
    (void)arg;
}

static struct db_unit *end_unit(struct core *core, struct span cookie)
{
    char digest[SUBKEY_HEX_SIZE] = "";
    struct db_unit *unit = db_unit_create(STATEMENT_SESSION_END);

    session_digest(core, cookie, digest);
    db_unit_text(unit, digest);
    return unit;
}

static struct session_call *call_create(session_done_f *done, void *arg)
{
    struct session_call *call = mem_new(struct session_call);

    call->done = done;
    call->arg = arg;
    return call;
}

struct session_call *session_add(struct core *core, const struct session_new *session,
                                 session_done_f *done, void *arg)
{
    struct session_call *call = call_create(done, arg);
    char digest[SUBKEY_HEX_SIZE];

    if (session->old.len > 0) { /* units of one lane run in order: the old session ends first */
        db_run(core->db, end_unit(core, session->old), SESSION_MS, ignored, NULL);
    }
    cookie_make(call->cookie);
    session_digest(core, (struct span){call->cookie, SESSION_LENGTH}, digest);
    call->unit = db_unit_create(STATEMENT_SESSION_ADD);
    db_unit_int(call->unit, session->account);
    db_unit_int(call->unit, session->version);
    db_unit_text(call->unit, digest);
    db_unit_text(call->unit, session->client);
    db_unit_text(call->unit, session->agent);
    db_unit_text(call->unit, session->factor);
    db_unit_text(call->unit, session->must_enrol ? "true" : "false");
    db_run(core->db, call->unit, SESSION_MS, add_answered, call);
    return call;
}

struct session_call *session_end(struct core *core, struct span cookie, session_done_f *done,
                                 void *arg)
{
    struct session_call *call = call_create(done, arg);

    call->unit = end_unit(core, cookie);
    db_run(core->db, call->unit, SESSION_MS, end_answered, call);
    return call;
}

void session_cancel(struct session_call *call)
{
    db_cancel(call->unit);
    call_destroy(call);
}

void session_touch(struct core *core, const char *digest)
{
    struct db_unit *unit = db_unit_create(STATEMENT_SESSION_TOUCH);

    db_unit_text(unit, digest);
    db_run(core->db, unit, TOUCH_MS, ignored, NULL);
}
