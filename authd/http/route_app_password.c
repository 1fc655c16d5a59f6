/* The routes of app passwords that do more than their statement: POST and PATCH of one, and its
 * rotation. Two of their answers have a secret, once. */
#include "http/exchange.h"
#include "http/route_handlers.h"
#include "manage/app_password.h"

static void cancel_call(void *call)
{
    app_password_cancel(call);
}

static void start_add(struct http_exchange *exchange, const struct manage_request *request)
{
    if (!route_scope_take(exchange, request->arguments, "scope")) {
        return;
    }
    exchange->work.cancel = cancel_call;
    exchange->work.call =
        app_password_add(exchange->exchanges->core, request, route_answer_result, exchange);
}

static void start_set(struct http_exchange *exchange, const struct manage_request *request)
{
    if (route_scope_take(exchange, json_object_get(request->arguments, "changes"), "scope")) {
        route_manage_start(exchange, request);
    }
}

static void start_rotate(struct http_exchange *exchange, const struct manage_request *request)
{
    exchange->work.cancel = cancel_call;
    exchange->work.call =
        app_password_rotate(exchange->exchanges->core, request, route_answer_result, exchange);
}

void route_app_password_add(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_add);
}

void route_app_password_set(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_set);
}

void route_app_password_rotate(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_rotate);
}
