#include "manage/totp_enrolment.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "credential/enrolment_ticket.h"
#include "credential/otpauth_uri.h"
#include "credential/recovery_code.h"
#include "credential/totp_verify.h"
#include "crypto/aead.h"
#include "crypto/base32.h"
#include "crypto/totp.h"
#include "loop/loop.h"

#define SECRET_SIZE (BASE32_LENGTH(TOTP_SEED_LENGTH) + 1)

struct enrolment_call {
    struct core *core;
    enum statement statement;
    json_t *context; /* the context that authd.manage() takes */
    json_t *arguments;
    bool dry_run;
    struct manage_call *manage; /* the call that asks about the user, then the change */
    struct loop_hook later;     /* delivers `refusal` */
    struct result refusal;
    char detail[128]; /* text of a refusal */
    /* Secrets that are displayed once. Each kind of call uses its own. */
    char seed[TOTP_SEED_LENGTH];
    struct factor_code code; /* the code that the user entered */
    struct recovery_codes codes;
    char ticket[ENROLMENT_TICKET_PRINTABLE_SIZE];
    result_done_f *done;
    void *arg;
};

static void call_destroy(struct enrolment_call *call)
{
    json_decref(call->context);
    json_decref(call->arguments);
    secret_wipe(call, sizeof(*call));
    free(call);
}

/* Wipes a text, or each text of a list. NULL is allowed. */
static void text_forget(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        text_forget(json_array_get(value, i));
    }
    if (json_is_string(value)) {
        secret_wipe((char *)json_string_value(value), json_string_length(value));
    }
}

/* Ends the call. `done` has sent the result's secrets to the client before they are wiped here. */
static void call_end(struct enrolment_call *call, const struct result *result)
{
    static const char *const secrets[] = {"secret", "uri", "qr", "codes"};

    call->done(result, call->arg);
    for (size_t i = 0; result->object != NULL && i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        text_forget(json_object_get(result->object, secrets[i]));
    }
    call_destroy(call);
}

/* ---- the database -------------------------------------------------------------------------- */

static void call_change(struct enrolment_call *call, result_done_f *done)
{
    const struct manage_request request = {
        .statement = call->statement,
        .context = call->context,
        .arguments = call->arguments,
        .dry_run = call->dry_run,
    };

    call->manage = manage_call_start(call->core, &request, done, call);
}

/* Asks `first` about the user. The caller does not see the answer to that question. */
static void call_ask(struct enrolment_call *call, enum statement first, result_done_f *done)
{
    json_t *context = json_copy(call->context);
    json_t *arguments = json_object();
    const struct manage_request question = {
        .statement = first, .context = context, .arguments = arguments};

    json_object_del(context, "idempotency");
    json_object_del(context, "if_match");
    json_object_set(arguments, "user", json_object_get(call->arguments, "user"));
    call->manage = manage_call_start(call->core, &question, done, call);
    json_decref(context);
    json_decref(arguments);
}

/* May the result have secrets? Yes, if the change was made now: neither a dry run nor a repeated
 * answer has any. */
static bool call_reveals(const struct enrolment_call *call, const struct result *result)
{
    return result->status == RESULT_OK && !call->dry_run &&
           json_object_get(result->object, "replayed") == NULL;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* ---- recovery codes ------------------------------------------------------------------------ */

static void arguments_add_codes(struct enrolment_call *call, int64_t account)
{
    const struct key *key = &call->core->keys->peppers.keys[0];
    json_t *verifiers = json_array();

    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        char verifier[KEYED_HASH_HEX_SIZE];

        recovery_code_verifier(key, account, span_of(call->codes.codes[i]), verifier);
        json_array_append_new(verifiers, json_string(verifier));
    }
    json_object_set_new(call->arguments, "verifiers", verifiers);
    json_object_set_new(call->arguments, "key", json_string(key->id));
}

static void reveal_codes(const struct enrolment_call *call, json_t *object)
{
    char printable[FACTOR_CODE_PRINTABLE_SIZE];
    json_t *list = json_array();

    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        recovery_code_printable(&call->codes, i, printable);
        json_array_append_new(list, json_string(printable));
    }
    secret_wipe(printable, sizeof(printable));
    json_object_set_new(object, "codes", list);
}

static void codes_changed(const struct result *result, void *arg)
{
    struct enrolment_call *call = arg;

    call->manage = NULL;
    if (call_reveals(call, result)) {
        reveal_codes(call, result->object);
    }
    call_end(call, result);
}

static void codes_prepared(const struct result *result, void *arg)
{
    struct enrolment_call *call = arg;

    call->manage = NULL;
    if (result->status != RESULT_OK) {
        call_end(call, result);
        return;
    }
    arguments_add_codes(call, result_number(result->object, "user_id"));
    call_change(call, codes_changed);
}

/* ---- begin --------------------------------------------------------------------------------- */

/* The issuer that the phone displays: the site's host, or the user's domain if there is none. */
static struct span issuer_of(const struct enrolment_call *call, const json_t *enrolment)
{
    const struct public_url *url = &call->core->site.public_url;

    return span_of(url->text != NULL ? url->host : member(enrolment, "domain"));
}

static void reveal_seed(const struct enrolment_call *call, json_t *enrolment)
{
    char secret[SECRET_SIZE];
    struct buf uri;
    const struct otpauth key = {
        .issuer = issuer_of(call, enrolment),
        .login = member(enrolment, "user"),
        .secret = secret,
        .algorithm = member(enrolment, "algorithm"),
        .digits = (unsigned)result_number(enrolment, "digits"),
        .period = TOTP_PERIOD,
    };

    base32_encode((struct span){call->seed, sizeof(call->seed)}, BASE32_UPPER, secret);
    buf_init(&uri, OTPAUTH_URI_MAX);
    otpauth_uri(&key, &uri);
    buf_append(&uri, "", 1);
    json_object_set_new(enrolment, "secret", json_string(secret));
    if (!uri.overflow) { /* no login and no host name is long enough to overflow */
        json_t *qr = otpauth_qr(uri.data);

        json_object_set_new(enrolment, "uri", json_string(uri.data));
        json_object_set_new(enrolment, "qr", qr != NULL ? qr : json_array());
    }
    secret_wipe(secret, sizeof(secret));
    buf_finish(&uri);
}

static void begun(const struct result *result, void *arg)
{
    struct enrolment_call *call = arg;

    call->manage = NULL;
    if (call_reveals(call, result)) {
        reveal_seed(call, result->object);
    }
    call_end(call, result);
}

/* The database has answered which row the seed is for. */
static void begin_prepared(const struct result *result, void *arg)
{
    struct enrolment_call *call = arg;
    char encrypted[AEAD_MAX + 1];

    call->manage = NULL;
    if (result->status != RESULT_OK) {
        call_end(call, result);
        return;
    }

    const struct aead_row row = {
        .kind = TOTP_KIND,
        .id = result_number(result->object, "credential"),
        .owner = result_number(result->object, "user_id"),
    };

    aead_encrypt(&call->core->keys->encryption, &row, (struct span){call->seed, sizeof(call->seed)},
                 encrypted);
    json_object_set_new(call->arguments, "credential", json_integer(row.id));
    json_object_set_new(call->arguments, "seed", json_string(encrypted));
    call_change(call, begun);
}

/* ---- confirm ------------------------------------------------------------------------------- */

static void call_refuse(void *arg)
{
    struct enrolment_call *call = arg;

    call_end(call, &call->refusal);
}

static struct result wrong_format(const char *detail)
{
    return (struct result){
        .status = RESULT_INVALID,
        .detail = detail,
        .hint = "Enter the digits 0 to 9 that the phone displays; blanks between them are ignored.",
    };
}

static void confirmed(const struct result *result, void *arg)
{
    struct enrolment_call *call = arg;
    int64_t left = result_number(result->object, "left");

    call->manage = NULL;
    if (result->status == RESULT_OK && strcmp(member(result->object, "kind"), "totp-wrong") == 0) {
        snprintf(call->detail, sizeof(call->detail), "the code is wrong; attempts left: %lld",
                 (long long)left);
        call_end(call, &(struct result){
                           .status = RESULT_INVALID,
                           .detail = left > 0 ? call->detail
                                              : "the code is wrong, and no attempt is left",
                           .hint = left > 0 ? "Wait for the next code. If the phone's clock is "
                                              "wrong, set it to the network's time."
                                            : "Begin another enrolment.",
                       });
        return;
    }
    if (call_reveals(call, result) &&
        json_is_true(json_object_get(result->object, "recovery_codes_made"))) {
        reveal_codes(call, result->object);
    }
    call_end(call, result);
}

/* Finds the step of the entered code. False: the seed cannot be decrypted. `*step` stays -1 if the
 * code is wrong. */
static bool match_code(const struct enrolment_call *call, const json_t *pending, int64_t *step)
{
    int64_t now = result_number(pending, "seconds");
    const struct totp_row row = {
        .id = result_number(pending, "id"),
        .owner = result_number(pending, "account"),
        .seed = member(pending, "seed"),
        .algorithm = member(pending, "algorithm"),
        .digits = (unsigned)result_number(pending, "digits"),
    };

    if (call->dry_run) {
        *step = now / TOTP_PERIOD;
        return true;
    }

    enum totp_match match = totp_verify(call->core, &row, span_of(call->code.text), now, step);

    return match == TOTP_YES || match == TOTP_NO;
}

static void confirm_prepared(const struct result *result, void *arg)
{
    static const struct result unreadable = {
        .status = RESULT_UNAVAILABLE,
        .detail = "this node cannot decrypt the seed of this enrolment",
        .hint = "Begin another enrolment; make sure that all nodes have the same key files.",
        .cause = "seed-not-opened",
    };
    struct enrolment_call *call = arg;
    const json_t *pending = result->object;
    int64_t step = -1;

    call->manage = NULL;
    if (result->status != RESULT_OK && json_object_get(call->context, "idempotency") != NULL) {
        /* A repeated request gets its stored answer; any other request is refused again. */
        call_change(call, confirmed);
        return;
    }
    if (result->status != RESULT_OK) {
        call_end(call, result);
        return;
    }
    if ((int64_t)strlen(call->code.text) != result_number(pending, "digits")) {
        snprintf(call->detail, sizeof(call->detail), "the code of this enrolment has %lld digits",
                 (long long)result_number(pending, "digits"));
        call->refusal = wrong_format(call->detail);
        call_end(call, &call->refusal);
        return;
    }
    if (!match_code(call, pending, &step)) {
        call_end(call, &unreadable);
        return;
    }
    json_object_set(call->arguments, "pending", json_object_get(pending, "id"));
    json_object_set_new(call->arguments, "step", step >= 0 ? json_integer(step) : json_null());
    arguments_add_codes(call, result_number(pending, "account"));
    call_change(call, confirmed);
}

/* ---- tickets ------------------------------------------------------------------------------- */

static void ticket_added(const struct result *result, void *arg)
{
    struct enrolment_call *call = arg;

    call->manage = NULL;
    if (call_reveals(call, result)) {
        json_object_set_new(result->object, "secret", json_string(call->ticket));
    }
    call_end(call, result);
}

static void arguments_add_digest(struct enrolment_call *call, const char *name, struct span text)
{
    char digest[SUBKEY_HEX_SIZE];

    enrolment_ticket_digest(call->core, text, digest);
    json_object_set_new(call->arguments, name, json_string(digest));
}

/* ---- calls --------------------------------------------------------------------------------- */

static struct enrolment_call *call_create(struct core *core, const struct manage_request *request,
                                          result_done_f *done, void *arg)
{
    struct enrolment_call *call = mem_new(struct enrolment_call);

    call->core = core;
    call->statement = request->statement;
    call->context = json_deep_copy(request->context);
    call->arguments = json_deep_copy(request->arguments);
    call->dry_run = request->dry_run;
    call->later = (struct loop_hook){.run = call_refuse, .arg = call};
    call->done = done;
    call->arg = arg;
    return call;
}

struct enrolment_call *totp_enrolment_begin(struct core *core, const struct manage_request *request,
                                            result_done_f *done, void *arg)
{
    struct enrolment_call *call = call_create(core, request, done, arg);
    const char *ticket = json_string_value(json_object_get(call->arguments, "ticket"));

    if (ticket != NULL) {
        json_t *given = json_incref(json_object_get(call->arguments, "ticket"));

        arguments_add_digest(call, "ticket", span_of(ticket));
        text_forget(given);
        json_decref(given);
    }
    secret_random(call->seed, sizeof(call->seed));
    call_ask(call, STATEMENT_TOTP_PREPARE, begin_prepared);
    return call;
}

struct enrolment_call *totp_enrolment_confirm(struct core *core,
                                              const struct manage_request *request,
                                              result_done_f *done, void *arg)
{
    struct enrolment_call *call = call_create(core, request, done, arg);
    const json_t *given = json_object_get(call->arguments, "code");

    factor_code_parse((struct span){json_string_value(given), json_string_length(given)},
                      &call->code);
    text_forget(given);
    json_object_del(call->arguments, "code");
    if (call->code.kind != FACTOR_CODE_TOTP) {
        call->refusal = wrong_format("the code is not 6 or 8 digits");
        loop_defer(core->loop, LOOP_BATCH, &call->later);
        return call;
    }
    recovery_codes_make(&call->codes);
    call_ask(call, STATEMENT_TOTP_PENDING, confirm_prepared);
    return call;
}

struct enrolment_call *totp_enrolment_recovery(struct core *core,
                                               const struct manage_request *request,
                                               result_done_f *done, void *arg)
{
    struct enrolment_call *call = call_create(core, request, done, arg);

    recovery_codes_make(&call->codes);
    call_ask(call, STATEMENT_TOTP_SHOW, codes_prepared);
    return call;
}

struct enrolment_call *totp_enrolment_ticket(struct core *core,
                                             const struct manage_request *request,
                                             result_done_f *done, void *arg)
{
    struct enrolment_call *call = call_create(core, request, done, arg);

    enrolment_ticket_make(call->ticket);
    arguments_add_digest(call, "digest", span_of(call->ticket));
    call_change(call, ticket_added);
    return call;
}

void totp_enrolment_cancel(struct enrolment_call *call)
{
    loop_undefer(call->core->loop, &call->later);
    if (call->manage != NULL) {
        manage_call_cancel(call->manage);
    }
    call_destroy(call);
}
