#include "manage/api_key.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "credential/verifier.h"
#include "crypto/secret_text.h"
#include "manage/caller.h"
#include "store/db.h"

#define NUMBER_MS 4000

struct api_key_call {
    struct core *core;
    json_t *context;
    json_t *arguments;
    bool dry_run;
    int64_t owner;
    struct secret_text secret;
    struct db_unit *unit;       /* set while the database makes the key's id */
    struct manage_call *manage; /* set while the database adds the key */
    result_done_f *done;
    void *arg;
};

static void call_destroy(struct api_key_call *call)
{
    json_decref(call->context);
    json_decref(call->arguments);
    secret_wipe(&call->secret, sizeof(call->secret));
    free(call);
}

static void key_made(const struct result *result, void *arg)
{
    struct api_key_call *call = arg;
    char printable[SECRET_TEXT_PRINTABLE_LENGTH + 1];

    call->manage = NULL;
    if (result->status == RESULT_OK && !call->dry_run &&
        json_object_get(result->object, "replayed") == NULL) {
        secret_text_printable(&call->secret, printable);
        json_object_set_new(result->object, "secret", json_string(printable));
        secret_wipe(printable, sizeof(printable));
    }
    call->done(result, call->arg);
    call_destroy(call);
}

/* Adds the arguments that the database stores of the key. */
static void arguments_complete(struct api_key_call *call, int64_t id)
{
    const struct key *key = &call->core->keys->peppers.keys[0];
    const struct verifier_row row = {.kind = VERIFIER_API_KEY, .id = id, .owner = call->owner};
    struct span selector = secret_text_selector(&call->secret);
    char verifier[KEYED_HASH_HEX_SIZE];

    verifier_make(key, &row, secret_text_secret(&call->secret), verifier);
    json_object_set_new(call->arguments, "id", json_sprintf("%lld", (long long)id));
    json_object_set_new(call->arguments, "selector", json_stringn(selector.ptr, selector.len));
    json_object_set_new(call->arguments, "verifier", json_string(verifier));
    json_object_set_new(call->arguments, "key", json_string(key->id));
}

static void number_known(const struct db_result *result, void *arg)
{
    struct api_key_call *call = arg;
    const struct result refused = {
        .status = RESULT_UNAVAILABLE,
        .detail = "the database does not answer; nothing was changed",
        .hint = "Try again.",
        .cause = result->sqlstate != NULL ? result->message : "database-down",
    };

    call->unit = NULL;
    if (result->status != DB_OK) {
        call->done(&refused, call->arg);
        call_destroy(call);
        return;
    }
    arguments_complete(call, db_int(result, 0, 0));

    const struct manage_request request = {
        .statement = STATEMENT_API_KEY_ADD,
        .context = call->context,
        .arguments = call->arguments,
        .dry_run = call->dry_run,
    };

    call->manage = manage_call_start(call->core, &request, key_made, call);
}

struct api_key_call *api_key_add(struct core *core, const struct manage_request *request,
                                 const struct caller *caller, result_done_f *done, void *arg)
{
    struct api_key_call *call = mem_new(struct api_key_call);

    call->core = core;
    call->context = json_deep_copy(request->context);
    call->arguments = json_deep_copy(request->arguments);
    call->dry_run = request->dry_run;
    call->owner = json_integer_value(json_object_get(caller->known, "account"));
    call->done = done;
    call->arg = arg;
    secret_text_make(SECRET_TEXT_API_KEY, &call->secret);
    call->unit = db_unit_create(STATEMENT_CREDENTIAL_ID);
    db_run(core->db, call->unit, NUMBER_MS, number_known, call);
    return call;
}

void api_key_cancel(struct api_key_call *call)
{
    if (call->unit != NULL) {
        db_cancel(call->unit);
    }
    if (call->manage != NULL) {
        manage_call_cancel(call->manage);
    }
    call_destroy(call);
}
