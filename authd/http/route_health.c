/* What a supervisor asks: anybody may know the answers. */
#include "http/route_handlers.h"

#include "http/exchange.h"

static void answer_word(struct http_exchange *exchange, const char *word)
{
    json_t *object = json_pack("{s:s}", "status", word);

    http_exchange_answer(exchange, MHD_HTTP_OK, object);
    json_decref(object);
}

/* True: the request has no arguments. False: the exchange was refused. */
static bool is_bare(struct http_exchange *exchange)
{
    json_t *arguments = route_arguments(exchange);
    bool bare = arguments != NULL;

    json_decref(arguments);
    return bare;
}

void route_health(struct http_exchange *exchange)
{
    if (is_bare(exchange)) {
        answer_word(exchange, "up");
    }
}

static void ready_known(const struct result *result, void *arg)
{
    struct http_exchange *exchange = arg;

    exchange->work.call = NULL;
    if (result->status == RESULT_OK) {
        answer_word(exchange, "ready");
        return;
    }
    http_exchange_log_cause(exchange, result->cause);
    http_exchange_refuse(exchange, &(struct problem){.type = PROBLEM_UNAVAILABLE,
                                                     .detail = "the database does not answer"});
}

static void cancel_ready(void *call)
{
    manage_call_cancel(call);
}

void route_ready(struct http_exchange *exchange)
{
    if (!is_bare(exchange)) {
        return;
    }
    if (exchange->exchanges->draining) {
        http_exchange_log_cause(exchange, "stopping");
        http_exchange_refuse(exchange, &(struct problem){.type = PROBLEM_UNAVAILABLE,
                                                         .detail = "authd is shutting down"});
        return;
    }
    exchange->work.cancel = cancel_ready;
    exchange->work.call = manage_call_ready(exchange->exchanges->core, ready_known, exchange);
}
