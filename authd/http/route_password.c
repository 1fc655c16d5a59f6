/* How good a password would be for a user, before it is set. Nothing is stored.
 *
 * Threats: a way to try passwords: the strength is that of the password that was sent, and the
 * stored hash is not read. A way to learn the names of an account, of which a password must not be
 * made: only a caller who may set the password may ask. */
#include "http/route_handlers.h"

#include "base/clock.h"
#include "core/core.h"
#include "credential/password_new.h"
#include "credential/password_strength_job.h"
#include "http/exchange.h"

#define STRENGTH_MS 8000

static void cancel_strength(void *call)
{
    password_strength_job_cancel(call);
}

static void refuse_busy(struct http_exchange *exchange, const char *cause)
{
    http_exchange_log_cause(exchange, cause);
    http_exchange_refuse(exchange, &(struct problem){
                                       .type = PROBLEM_UNAVAILABLE,
                                       .detail = "too many passwords wait to be hashed",
                                       .hint = "Try again.",
                                   });
}

static void on_strength(const struct password_strength *strength, void *arg)
{
    struct http_exchange *exchange = arg;

    exchange->work.call = NULL;
    if (strength == NULL) {
        refuse_busy(exchange, "hash-too-slow");
        return;
    }
    json_t *flaws = json_array();

    for (unsigned flaw = 1; flaw <= strength->flaws; flaw <<= 1) {
        if ((strength->flaws & flaw) != 0) {
            json_array_append_new(flaws, json_string(password_flaw_word((enum password_flaw)flaw)));
        }
    }
    json_t *object = json_pack("{s:b, s:i, s:o}", "acceptable", strength->flaws == 0, "score",
                               (int)strength->score, "flaws", flaws);

    route_answer(exchange, object);
    json_decref(object);
}

static void on_owner(const struct result *result, void *arg)
{
    struct http_exchange *exchange = arg;

    exchange->work.call = NULL;
    if (result->status != RESULT_OK) {
        route_answer_result(result, exchange);
        return;
    }
    json_t *names = password_new_names(result->object);
    json_t *arguments = route_arguments(exchange);
    json_t *password = json_object_get(arguments, "password");
    const struct password_strength_job_request request = {
        .names = names,
        .enrolled = json_is_true(json_object_get(result->object, "enrolled")),
        .password = {json_string_value(password), json_string_length(password)},
        .deadline = clock_ms() + STRENGTH_MS,
    };

    exchange->work.cancel = cancel_strength;
    exchange->work.call =
        password_strength_job_start(exchange->exchanges->core, &request, on_strength, exchange);
    if (exchange->work.call == NULL) {
        refuse_busy(exchange, "hash-queue-full");
    }
    json_decref(arguments);
    json_decref(names);
}

static void cancel_question(void *call)
{
    manage_call_cancel(call);
}

/* Asks for the names of the user whose password it would be, and whether the caller may set it. */
static void start_strength(struct http_exchange *exchange, const struct manage_request *request)
{
    struct manage_request question = *request;
    json_t *context = json_deep_copy(request->context);

    json_object_del(context, "idempotency");
    json_object_del(question.arguments, "password");
    question.context = context;
    exchange->work.cancel = cancel_question;
    exchange->work.call =
        manage_call_start(exchange->exchanges->core, &question, on_owner, exchange);
    json_decref(context);
}

void route_password_strength(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_strength);
}
