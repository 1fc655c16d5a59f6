/* POST /v1/keys/{purpose}/rotate */
#include "http/routes.h"

#include "http/exchange.h"
#include "manage/key_rotation.h"

static void cancel_rotation(void *call)
{
    key_rotation_cancel(call);
}

static void start(struct exchange *exchange, const struct manage_request *request)
{
    exchange->work.cancel = cancel_rotation;
    exchange->work.call =
        key_rotation_start(exchange->exchanges->core, request, api_answer_account, exchange);
}

void api_key_rotate(struct exchange *exchange)
{
    api_manage(exchange, start);
}
