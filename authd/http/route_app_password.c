/* The routes of app passwords that do more than their statement: POST and PATCH of one, and its
 * rotation. Two of their answers have a secret, once. */
#include "http/exchange.h"
#include "http/routes.h"
#include "manage/app_password.h"

static void cancel_call(void *call)
{
    app_password_cancel(call);
}

static void start_add(struct exchange *exchange, const struct manage_request *request)
{
    if (!api_scope_take(exchange, request->arguments, "scope")) {
        return;
    }
    exchange->work.cancel = cancel_call;
    exchange->work.call =
        app_password_add(exchange->exchanges->core, request, api_answer_account, exchange);
}

static void start_set(struct exchange *exchange, const struct manage_request *request)
{
    if (api_scope_take(exchange, json_object_get(request->arguments, "changes"), "scope")) {
        api_start_account(exchange, request);
    }
}

static void start_rotate(struct exchange *exchange, const struct manage_request *request)
{
    exchange->work.cancel = cancel_call;
    exchange->work.call =
        app_password_rotate(exchange->exchanges->core, request, api_answer_account, exchange);
}

void api_app_password_add(struct exchange *exchange)
{
    api_manage(exchange, start_add);
}

void api_app_password_set(struct exchange *exchange)
{
    api_manage(exchange, start_set);
}

void api_app_password_rotate(struct exchange *exchange)
{
    api_manage(exchange, start_rotate);
}
