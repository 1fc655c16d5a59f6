/* The routes of second factors that do more than their statement. Each of their answers has a
 * secret, once. */
#include "http/exchange.h"
#include "http/route_handlers.h"
#include "manage/totp_enrolment.h"

typedef struct enrolment_call *enrolment_f(struct core *core, const struct manage_request *request,
                                           result_done_f *done, void *arg);

static void cancel_call(void *call)
{
    totp_enrolment_cancel(call);
}

static void start(struct http_exchange *exchange, const struct manage_request *request,
                  enrolment_f *enrolment)
{
    exchange->work.cancel = cancel_call;
    exchange->work.call =
        enrolment(exchange->exchanges->core, request, route_answer_result, exchange);
}

static void start_begin(struct http_exchange *exchange, const struct manage_request *request)
{
    start(exchange, request, totp_enrolment_begin);
}

static void start_confirm(struct http_exchange *exchange, const struct manage_request *request)
{
    start(exchange, request, totp_enrolment_confirm);
}

static void start_ticket(struct http_exchange *exchange, const struct manage_request *request)
{
    start(exchange, request, totp_enrolment_ticket);
}

static void start_recovery(struct http_exchange *exchange, const struct manage_request *request)
{
    start(exchange, request, totp_enrolment_recovery);
}

void route_totp_enroll(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_begin);
}

void route_totp_confirm(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_confirm);
}

void route_totp_ticket(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_ticket);
}

void route_recovery_codes(struct http_exchange *exchange)
{
    route_manage_with(exchange, start_recovery);
}
