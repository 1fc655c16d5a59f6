/* POST /v1/audit/verify. A long check answers in pieces: see audit/audit_verify.h. */
#include "audit/audit_verify.h"
#include "http/exchange.h"
#include "http/routes.h"

static void password_verify_cancel(void *call)
{
    audit_verify_cancel(call);
}

void api_audit_verify(struct exchange *exchange)
{
    json_t *arguments = api_arguments(exchange);

    if (arguments == NULL) {
        return;
    }
    exchange->work.cancel = password_verify_cancel;
    exchange->work.call =
        audit_verify_start(exchange->exchanges->core, arguments, api_answer_account, exchange);
    json_decref(arguments);
}
