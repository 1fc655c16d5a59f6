/* POST /v1/keys/{purpose}/rotate */
#include "http/route_handlers.h"

#include "http/exchange.h"
#include "manage/key_rotation.h"

static void cancel_rotation(void *call)
{
    key_rotation_cancel(call);
}

static void start(struct http_exchange *exchange, const struct manage_request *request)
{
    exchange->work.cancel = cancel_rotation;
    exchange->work.call =
        key_rotation_start(exchange->exchanges->core, request, route_answer_result, exchange);
}

void route_site_key_rotate(struct http_exchange *exchange)
{
    route_manage_with(exchange, start);
}
