/* What a supervisor asks: anybody may know the answers. */
#include "http/routes.h"

#include "http/exchange.h"

static void answer_word(struct exchange *exchange, const char *word)
{
    json_t *object = json_pack("{s:s}", "status", word);

    exchange_answer(exchange, MHD_HTTP_OK, object);
    json_decref(object);
}

/* True: the request has no arguments. False: the exchange was refused. */
static bool is_bare(struct exchange *exchange)
{
    json_t *arguments = api_arguments(exchange);
    bool bare = arguments != NULL;

    json_decref(arguments);
    return bare;
}

void api_health(struct exchange *exchange)
{
    if (is_bare(exchange)) {
        answer_word(exchange, "up");
    }
}

static void ready_known(const struct result *result, void *arg)
{
    struct exchange *exchange = arg;

    exchange->work.call = NULL;
    if (result->status == RESULT_OK) {
        answer_word(exchange, "ready");
        return;
    }
    exchange_note(exchange, result->cause);
    exchange_refuse(exchange, &(struct problem){.type = PROBLEM_UNAVAILABLE,
                                                .detail = "the database does not answer"});
}

static void cancel_ready(void *call)
{
    manage_call_cancel(call);
}

void api_ready(struct exchange *exchange)
{
    if (!is_bare(exchange)) {
        return;
    }
    if (exchange->exchanges->draining) {
        exchange_note(exchange, "stopping");
        exchange_refuse(exchange, &(struct problem){.type = PROBLEM_UNAVAILABLE,
                                                    .detail = "authd is shutting down"});
        return;
    }
    exchange->work.cancel = cancel_ready;
    exchange->work.call = manage_call_ready(exchange->exchanges->core, ready_known, exchange);
}
