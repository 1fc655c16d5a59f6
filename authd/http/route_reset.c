/* Reset links: asking for one, and using one.
 *
 * Threat: a stranger who tries tokens. Whatever is wrong with a token, the answer is the same 401;
 * no password is checked for strength or hashed for a token that is not good. */
#include "http/route_handlers.h"

#include "http/exchange.h"
#include "manage/reset.h"

static void cancel_link(void *call)
{
    reset_link_cancel(call);
}

static void start_link(struct http_exchange *exchange, const struct manage_request *request)
{
    exchange->work.cancel = cancel_link;
    exchange->work.call =
        reset_link_start(exchange->exchanges->core, request, route_answer_result, exchange);
}

void route_reset_link(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_link);
}

/* Puts the token's digest in place of the token. */
static void take_token(const struct http_exchange *exchange, json_t *arguments)
{
    json_t *token = json_object_get(arguments, "token");
    struct span text = {json_string_value(token), json_string_length(token)};
    char digest[SUBKEY_HEX_SIZE];

    reset_digest(exchange->exchanges->core, text, digest);
    json_object_del(arguments, "token");
    json_object_set_new(arguments, "digest", json_string(digest));
}

static void cancel_call(void *call)
{
    manage_call_cancel(call);
}

/* Nobody is signed in: the token is the proof. */
static void start_reset(struct http_exchange *exchange, const struct manage_request *request)
{
    struct manage_request changed = *request;
    json_t *context = json_deep_copy(request->context);

    json_object_set_new(context, "credential",
                        json_pack("{s:s, s:s}", "kind", "none", "name", "reset link"));
    json_object_del(context, "role");
    json_object_del(context, "idempotency");
    changed.context = context;
    take_token(exchange, changed.arguments);
    exchange->work.cancel = cancel_call;
    exchange->work.call =
        manage_call_start(exchange->exchanges->core, &changed, route_answer_result, exchange);
    json_decref(context);
}

void route_reset(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_reset);
}
