#include "manage/app_password.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "credential/stored_hash.h"
#include "credential/verifier.h"
#include "crypto/secret_text.h"
#include "loop/loop.h"

struct app_password_call {
    struct core *core;
    enum statement statement;
    json_t *context;
    json_t *arguments;
    bool dry_run;
    bool imported;
    char hash[AUTHD_HASH_MAX + 1]; /* the hash of an imported app password */
    struct secret_text secret;     /* the secret of any other app password */
    struct manage_call *manage;    /* the call that asks about the user, then the change */
    struct loop_hook refusal;      /* delivers a refusal of the hash */
    result_done_f *done;
    void *arg;
};

static void call_destroy(struct app_password_call *call)
{
    json_decref(call->context);
    json_decref(call->arguments);
    secret_wipe(&call->secret, sizeof(call->secret));
    secret_wipe(call->hash, sizeof(call->hash));
    free(call);
}

static void call_end(struct app_password_call *call, const struct result *result)
{
    call->done(result, call->arg);
    call_destroy(call);
}

static void call_changed(const struct result *result, void *arg)
{
    struct app_password_call *call = arg;
    char printable[SECRET_TEXT_PRINTABLE_LENGTH + 1];

    call->manage = NULL;
    if (result->status == RESULT_OK && !call->dry_run && !call->imported &&
        json_object_get(result->object, "replayed") == NULL) {
        secret_text_printable(&call->secret, printable);
        json_object_set_new(result->object, "secret", json_string(printable));
        secret_wipe(printable, sizeof(printable));
    }
    call_end(call, result);
}

static void call_change(struct app_password_call *call)
{
    const struct manage_request request = {
        .statement = call->statement,
        .context = call->context,
        .arguments = call->arguments,
        .dry_run = call->dry_run,
    };

    call->manage = manage_call_start(call->core, &request, call_changed, call);
}

static void arguments_complete(struct app_password_call *call, int64_t id, int64_t owner)
{
    const struct key *key = &call->core->keys->peppers.keys[0];
    const struct verifier_row row = {.kind = VERIFIER_APP_PASSWORD, .id = id, .owner = owner};
    struct span selector = secret_text_selector(&call->secret);
    char verifier[KEYED_HASH_HEX_SIZE];

    verifier_make(key, &row, secret_text_secret(&call->secret), verifier);
    json_object_set_new(call->arguments, "selector", json_stringn(selector.ptr, selector.len));
    json_object_set_new(call->arguments, "verifier", json_string(verifier));
    json_object_set_new(call->arguments, "key", json_string(key->id));
}

/* Adds the encrypted hash of an imported app password to the arguments. */
static void hash_complete(struct app_password_call *call, int64_t id, int64_t owner)
{
    char encrypted[AEAD_MAX + 1];

    stored_hash_encrypt_app_password(call->core, id, owner, call->hash, encrypted);
    json_object_set_new(call->arguments, "password_hash", json_string(encrypted));
    json_object_set_new(call->arguments, "password_owner", json_integer(owner));
}

/* The database has answered which row the verifier is for. */
static void call_prepared(const struct result *result, void *arg)
{
    struct app_password_call *call = arg;

    call->manage = NULL;
    if (result->status != RESULT_OK) {
        call_end(call, result);
        return;
    }
    if (call->statement == STATEMENT_APP_PASSWORD_ADD) {
        int64_t id = result_number(result->object, "credential");
        int64_t owner = result_number(result->object, "id");

        json_object_set_new(call->arguments, "credential", json_integer(id));
        if (call->imported) {
            hash_complete(call, id, owner);
        } else {
            arguments_complete(call, id, owner);
        }
    } else {
        arguments_complete(call, result_number(result->object, "id"),
                           result_number(result->object, "user_id"));
    }
    call_change(call);
}

static void call_refuse(void *arg)
{
    const struct result result = {
        .status = RESULT_INVALID,
        .detail = "hash is not a stored hash that a configured scheme reads within its bounds",
        .hint = "Use one like $6$..., $2y$... or {SSHA512}..., and see password.max_time.",
    };

    call_end(arg, &result);
}

/* Takes the hash of an imported app password. False: no configured scheme could check a login
 * against the hash, so the hash is refused before it is stored. */
static bool take_hash(struct app_password_call *call)
{
    const char *hash = json_string_value(json_object_get(call->arguments, "hash"));

    if (hash == NULL) {
        return true;
    }
    call->imported = true;
    if (password_kind_of(&call->core->schemes, hash) != PASSWORD_USABLE) {
        return false;
    }
    snprintf(call->hash, sizeof(call->hash), "%s", hash);
    json_object_del(call->arguments, "hash");
    return true;
}

/* Starts the call with the question `first` about the user and the app password. The caller does
 * not see the answer to that question. */
static struct app_password_call *call_start(struct app_password_call *call, enum statement first,
                                            const struct manage_request *request)
{
    json_t *context = json_deep_copy(request->context);
    json_t *arguments = json_object();
    const struct manage_request question = {
        .statement = first, .context = context, .arguments = arguments};

    json_object_del(context, "idempotency");
    json_object_del(context, "if_match");
    json_object_set(arguments, "user", json_object_get(request->arguments, "user"));
    json_object_set(arguments, "id", json_object_get(request->arguments, "id"));
    call->manage = manage_call_start(call->core, &question, call_prepared, call);
    json_decref(context);
    json_decref(arguments);
    return call;
}

static struct app_password_call *
call_create(struct core *core, const struct manage_request *request, result_done_f *done, void *arg)
{
    struct app_password_call *call = mem_new(struct app_password_call);

    call->core = core;
    call->statement = request->statement;
    call->context = json_deep_copy(request->context);
    call->arguments = json_deep_copy(request->arguments);
    call->dry_run = request->dry_run;
    call->refusal = (struct loop_hook){.run = call_refuse, .arg = call};
    call->done = done;
    call->arg = arg;
    secret_text_make(SECRET_TEXT_APP_PASSWORD, &call->secret);
    return call;
}

struct app_password_call *app_password_add(struct core *core, const struct manage_request *request,
                                           result_done_f *done, void *arg)
{
    struct app_password_call *call = call_create(core, request, done, arg);

    if (!take_hash(call)) {
        loop_defer(core->loop, LOOP_BATCH, &call->refusal);
        return call;
    }
    return call_start(call, STATEMENT_APP_PASSWORD_PREPARE, request);
}

struct app_password_call *app_password_rotate(struct core *core,
                                              const struct manage_request *request,
                                              result_done_f *done, void *arg)
{
    return call_start(call_create(core, request, done, arg), STATEMENT_APP_PASSWORD_SHOW, request);
}

void app_password_cancel(struct app_password_call *call)
{
    loop_undefer(call->core->loop, &call->refusal);
    if (call->manage != NULL) {
        manage_call_cancel(call->manage);
    }
    call_destroy(call);
}
