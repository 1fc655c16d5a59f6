/* POST /v1/audit/verify. A long check answers in pieces: see audit/audit_verify.h. */
#include "audit/audit_verify.h"
#include "http/exchange.h"
#include "http/route_handlers.h"

static void cancel_verify(void *call)
{
    audit_verify_cancel(call);
}

void route_audit_verify(struct http_exchange *exchange)
{
    json_t *arguments = route_arguments(exchange);

    if (arguments == NULL) {
        return;
    }
    exchange->work.cancel = cancel_verify;
    exchange->work.call =
        audit_verify_start(exchange->exchanges->core, arguments, route_answer_result, exchange);
    json_decref(arguments);
}
