/* The routes of second factors that do more than their statement. Each of their answers has a
 * secret, once. */
#include "http/exchange.h"
#include "http/routes.h"
#include "manage/totp_enrolment.h"

typedef struct enrolment_call *enrolment_f(struct core *core, const struct manage_request *request,
                                           result_done_f *done, void *arg);

static void cancel_call(void *call)
{
    totp_enrolment_cancel(call);
}

static void start(struct exchange *exchange, const struct manage_request *request,
                  enrolment_f *enrolment)
{
    exchange->work.cancel = cancel_call;
    exchange->work.call =
        enrolment(exchange->exchanges->core, request, api_answer_account, exchange);
}

static void start_begin(struct exchange *exchange, const struct manage_request *request)
{
    start(exchange, request, totp_enrolment_begin);
}

static void start_confirm(struct exchange *exchange, const struct manage_request *request)
{
    start(exchange, request, totp_enrolment_confirm);
}

static void start_ticket(struct exchange *exchange, const struct manage_request *request)
{
    start(exchange, request, totp_enrolment_ticket);
}

static void start_recovery(struct exchange *exchange, const struct manage_request *request)
{
    start(exchange, request, totp_enrolment_recovery);
}

void api_totp_enroll(struct exchange *exchange)
{
    api_manage(exchange, start_begin);
}

void api_totp_confirm(struct exchange *exchange)
{
    api_manage(exchange, start_confirm);
}

void api_totp_ticket(struct exchange *exchange)
{
    api_manage(exchange, start_ticket);
}

void api_recovery_codes(struct exchange *exchange)
{
    api_manage(exchange, start_recovery);
}
