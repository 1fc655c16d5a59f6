/* The management API: one function for all of its routes, because the route table says what
 * differs. */
#include "http/route_handlers.h"

#include "http/exchange.h"
#include "http/idempotency_key.h"
#include "http/request_arguments.h"

static enum problem_type problem_of(enum result_status status)
{
    switch (status) {
    case RESULT_INVALID:
        return PROBLEM_INVALID;
    case RESULT_NOT_FOUND:
        return PROBLEM_NOT_FOUND;
    case RESULT_CONFLICT:
        return PROBLEM_CONFLICT;
    case RESULT_FORBIDDEN:
        return PROBLEM_FORBIDDEN;
    case RESULT_NEEDS_FRESH:
        return PROBLEM_FRESH_SIGN_IN_REQUIRED;
    case RESULT_NEEDS_FACTOR:
        return PROBLEM_CURRENT_FACTOR_REQUIRED;
    case RESULT_UNAUTHORIZED:
        return PROBLEM_UNAUTHORIZED;
    case RESULT_STALE:
        return PROBLEM_PRECONDITION_FAILED;
    case RESULT_LIMITED:
        return PROBLEM_TOO_MANY_REQUESTS;
    case RESULT_OK:
    case RESULT_UNAVAILABLE:
        break;
    }
    return PROBLEM_UNAVAILABLE;
}

/* The database has one SQLSTATE for all values that it does not take. A reused key has a problem
 * type of its own, so that a program can tell that its request was not done. */
static bool is_reused_key(const struct http_exchange *exchange, const struct result *result)
{
    const char *header = exchange->request.headers.idempotency_key;
    const char *key;

    if (header == NULL || result->status != RESULT_INVALID ||
        idempotency_key_read(span_of(header), exchange->arena, &key) != NULL) {
        return false;
    }
    return strcmp(result->detail,
                  arena_printf(exchange->arena,
                               "the Idempotency-Key %s was used for another request", key)) == 0;
}

static void refuse(struct http_exchange *exchange, const struct result *result)
{
    const struct problem problem = {
        .type = is_reused_key(exchange, result) ? PROBLEM_IDEMPOTENCY_KEY_REUSED
                                                : problem_of(result->status),
        .detail = result->detail,
        .hint = result->hint,
        .retry_after = result->wait,
    };

    http_exchange_log_cause(exchange, result->cause);
    http_exchange_refuse(exchange, &problem);
}

void route_answer(struct http_exchange *exchange, json_t *object)
{
    const struct http_route *route = exchange->request.match.route;
    bool creation = route->created != 0 && !exchange->dry_run;
    const char *etag = json_string_value(json_object_get(object, "etag"));

    if ((route->flags & ROUTE_LIST) != 0) {
        request_arguments_page(exchange->exchanges->core, &exchange->request, exchange->filters,
                               object);
    } else if (etag != NULL) {
        exchange->answer.etag = arena_printf(exchange->arena, "\"%s\"", etag);
    }
    http_exchange_answer(exchange, creation ? route->created : MHD_HTTP_OK, object);
}

void route_answer_result(const struct result *result, void *arg)
{
    struct http_exchange *exchange = arg;

    exchange->work.call = NULL;
    if (result->status == RESULT_OK) {
        route_answer(exchange, result->object);
    } else {
        refuse(exchange, result);
    }
}

json_t *route_arguments(struct http_exchange *exchange)
{
    struct request_arguments input;
    const struct problem *problem = request_arguments_read(
        exchange->exchanges->core, &exchange->request, &exchange->admission, &input);

    if (problem != NULL) {
        http_exchange_refuse(exchange, problem);
        return NULL;
    }
    json_decref(exchange->filters);
    exchange->filters = input.filters;
    return input.arguments;
}

/* NULL: the exchange was refused. */
static json_t *context_of(struct http_exchange *exchange)
{
    json_t *context;
    const struct problem *problem =
        request_arguments_context(exchange->exchanges->core, &exchange->request,
                                  &exchange->admission, exchange->dry_run, &context);

    if (problem != NULL) {
        http_exchange_refuse(exchange, problem);
    }
    return context;
}

void route_manage_with(struct http_exchange *exchange, route_start_f *start)
{
    json_t *arguments = route_arguments(exchange);

    if (arguments == NULL) {
        return;
    }
    exchange->dry_run = json_is_true(json_object_get(arguments, "dry_run"));
    json_object_del(arguments, "dry_run");

    json_t *context = context_of(exchange);

    if (context != NULL) {
        const struct manage_request request = {
            .statement = exchange->request.match.route->statement,
            .context = context,
            .arguments = arguments,
            .dry_run = exchange->dry_run,
        };

        start(exchange, &request);
    }
    json_decref(context);
    json_decref(arguments);
}

static void cancel_call(void *call)
{
    manage_call_cancel(call);
}

void route_manage_start(struct http_exchange *exchange, const struct manage_request *request)
{
    exchange->work.cancel = cancel_call;
    exchange->work.call =
        manage_call_start(exchange->exchanges->core, request, route_answer_result, exchange);
}

void route_manage(struct http_exchange *exchange)
{
    route_manage_with(exchange, route_manage_start);
}
