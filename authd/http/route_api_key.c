/* POST /v1/api-keys: the answer has the key's text, once. */
#include "http/route_handlers.h"

#include "http/exchange.h"
#include "manage/api_key.h"

static void cancel_key(void *call)
{
    api_key_cancel(call);
}

static void start(struct http_exchange *exchange, const struct manage_request *request)
{
    exchange->work.cancel = cancel_key;
    exchange->work.call = api_key_add(exchange->exchanges->core, request,
                                      &exchange->admission.caller, route_answer_result, exchange);
}

void route_api_key_make(struct http_exchange *exchange)
{
    route_manage_with(exchange, start);
}
