/* POST /v1/import: many users in one call.
 *
 * Threat: a call that holds up the logins of everybody. The route bounds the body and the rows, and
 * manage/import_rows.h the addresses; a batch of the usual size takes a few milliseconds of the
 * loop. */
#include "http/exchange.h"
#include "http/route_handlers.h"
#include "manage/import_call.h"

static void cancel_import(void *call)
{
    import_call_cancel(call);
}

static void start_import(struct http_exchange *exchange, const struct manage_request *request)
{
    struct core *core = exchange->exchanges->core;

    exchange->work.cancel = cancel_import;
    exchange->work.call = import_call_start(core, request, route_answer_result, exchange);
}

void route_import(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_import);
}
