#include "http/exchange.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "loop/loop.h"

struct http_exchange *http_exchange_create(struct http_exchanges *exchanges,
                                           struct MHD_Connection *connection, const char *target)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_exchange *exchange = mem_new(struct http_exchange);

    exchange->exchanges = exchanges;
    exchange->client = info->socket_context;
    exchange->connection = connection;
    exchange->arena = arena_create();
    exchange->started = clock_ms();
    reference_make(exchange->reference);
    exchange->request = (struct request){
        .arena = exchange->arena,
        .reference = exchange->reference,
        .client = exchange->client,
        .names = client_names(exchange->client, &exchanges->core->site.public_url),
    };
    request_target(&exchange->request, target);
    exchanges->count++;
    return exchange;
}

/* ---- answers ------------------------------------------------------------------------------- */

static bool is_answered(const struct http_exchange *exchange)
{
    return exchange->answer.status != 0;
}

/* Lets libmicrohttpd go on with a suspended exchange. */
static void resume(struct http_exchange *exchange)
{
    struct http_exchange_wait *wait = &exchange->wait;

    if (!wait->suspended) {
        return;
    }
    wait->suspended = false;
    event_del(&wait->deadline);
    TAILQ_REMOVE(&exchange->exchanges->suspended, exchange, wait.link);
    MHD_resume_connection(exchange->connection);
    exchange->exchanges->wake(exchange->exchanges);
}

void http_exchange_answer_text(struct http_exchange *exchange, unsigned status, char *text)
{
    exchange->answer.status = status;
    exchange->answer.text = text;
    resume(exchange);
}

void http_exchange_answer(struct http_exchange *exchange, unsigned status, const json_t *object)
{
    http_exchange_answer_text(exchange, status, json_dumps(object, JSON_COMPACT));
}

void http_exchange_refuse(struct http_exchange *exchange, const struct problem *problem)
{
    struct problem full = *problem;

    full.reference = exchange->reference;
    json_t *json = problem_json(&full);

    exchange->answer.is_problem = true;
    exchange->answer.retry_after = problem->retry_after;
    http_exchange_answer(exchange, problem_status(problem->type), json);
    json_decref(json);
    json_decref(problem->errors);
}

void http_exchange_log_cause(struct http_exchange *exchange, const char *cause)
{
    if (cause != NULL) {
        exchange->cause = arena_copy(exchange->arena, span_of(cause));
    }
}

static void work_cancel(struct http_exchange *exchange)
{
    if (exchange->work.call != NULL) {
        exchange->work.cancel(exchange->work.call);
        exchange->work.call = NULL;
    }
}

/* Ends a wait before its time. */
static void give_up(struct http_exchange *exchange, const char *detail, const char *cause)
{
    bool changes = exchange->request.match.route->method != HTTP_GET && !exchange->dry_run;
    const struct problem problem = {
        .type = PROBLEM_UNAVAILABLE,
        .detail = detail,
        .hint = changes ? "Check whether the change was made, then try again." : "Try again.",
    };

    work_cancel(exchange);
    exchange->cause = cause;
    http_exchange_refuse(exchange, &problem);
}

static void deadline_passed(int fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    give_up(arg, "the request was not done in time", "deadline");
}

void http_exchange_stop(struct http_exchange *exchange)
{
    give_up(exchange, "authd is shutting down", "stopping");
}

static void suspend(struct http_exchange *exchange)
{
    const struct timeval timeout = {.tv_sec = HTTP_EXCHANGE_DEADLINE_MS / 1000};
    struct http_exchange_wait *wait = &exchange->wait;

    wait->suspended = true;
    TAILQ_INSERT_TAIL(&exchange->exchanges->suspended, exchange, wait.link);
    evtimer_assign(&wait->deadline, loop_base(exchange->exchanges->core->loop), deadline_passed,
                   exchange);
    evtimer_add(&wait->deadline, &timeout);
    MHD_suspend_connection(exchange->connection);
}

static enum MHD_Result send_answer(struct http_exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct answer *answer = &exchange->answer;

    answer->secure = origin_is_secure(&request->names);
    answer->close = answer->close || exchange->exchanges->draining;
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        answer->allow = router_allow(request->match.allow, exchange->arena);
    }
    exchange->client->answered = true;
    return response_send(answer, exchange->connection);
}

/* ---- who asks ------------------------------------------------------------------------------ */

static void caller_known(enum caller_result result, struct caller *caller, const char *cause,
                         void *arg)
{
    struct http_exchange *exchange = arg;

    exchange->work.call = NULL;
    if (result == CALLER_UNAVAILABLE) {
        http_exchange_log_cause(exchange, cause);
        http_exchange_refuse(exchange, &(struct problem){
                                           .type = PROBLEM_UNAVAILABLE,
                                           .detail = "the database does not answer",
                                           .hint = "Try again.",
                                       });
        return;
    }
    if (result == CALLER_KNOWN) {
        exchange->admission.caller = *caller;
    }
    admission_decide(&exchange->admission, &exchange->request);
    resume(exchange);
}

static void cancel_caller(void *call)
{
    caller_cancel(call);
}

/* Asks the database for the caller who presents a credential, if the route is not open to anybody.
 * There is a route. */
static void find_caller(struct http_exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct admission *admission = &exchange->admission;
    struct credential credential = admission_credential(request);
    const char *host = admission_host(request);

    if (request->match.route->roles != 0 && credential.kind != CALLER_NOBODY) {
        exchange->work.cancel = cancel_caller;
        exchange->work.call =
            caller_resolve(exchange->exchanges->core, &credential, caller_known, exchange);
        exchange->paused = true;
        return;
    }
    if (host != NULL && credential.kind == CALLER_NOBODY) {
        caller_host(&admission->caller, host);
    }
    admission_decide(admission, request);
}

/* ---- the request --------------------------------------------------------------------------- */

static enum MHD_Result see_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    request_header(arg, (struct span){name, name_size}, (struct span){value, value_size});
    return MHD_YES;
}

/* Reads the headers and finds the route. A problem ends the connection: the end of the body cannot
 * be told, or the body will not be read. */
static const struct problem *read_headers(struct http_exchange *exchange, const char *method)
{
    struct request *request = &exchange->request;

    MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, see_header, request);

    const struct problem *problem = request_check(request);

    if (problem != NULL) {
        return problem;
    }
    router_match(&request->match, exchange->exchanges->routes, method, &request->uri);
    buf_init(&request->body, router_body_max(request->match.route));
    client_address(exchange->client, span_of(request->headers.forwarded), request->address);
    return admission_headers(request);
}

static void begin(struct http_exchange *exchange, const char *method)
{
    const struct problem *problem = read_headers(exchange, method);

    exchange->begun = true;
    exchange->method = arena_copy(exchange->arena, span_of(method));
    if (problem != NULL) {
        exchange->answer.close = true;
        http_exchange_refuse(exchange, problem);
    } else if (exchange->request.match.route != NULL) {
        find_caller(exchange);
    }
}

static enum MHD_Result take_body(struct http_exchange *exchange, const char *data, size_t *size)
{
    struct request *request = &exchange->request;

    if (admission_wants_body(&exchange->admission, request)) {
        buf_append(&request->body, data, *size);
    }
    /* The buffer is libmicrohttpd's own, can be written, and is not read again. */
    secret_wipe((char *)data, *size);
    request->body_length += *size;
    *size = 0;
    return MHD_YES;
}

/* Step one: the headers are here. */
static enum MHD_Result step_begin(struct http_exchange *exchange, const char *method)
{
    begin(exchange, method);
    if (is_answered(exchange)) {
        return send_answer(exchange);
    }
    if (exchange->paused) {
        suspend(exchange);
    }
    return MHD_YES;
}

/* The last step: the body is here. */
static void run(struct http_exchange *exchange)
{
    const struct problem *problem = admission_end(&exchange->admission, &exchange->request);

    if (problem != NULL) {
        http_exchange_refuse(exchange, problem);
    } else {
        exchange->request.match.route->run(exchange);
    }
}

enum MHD_Result http_exchange_step(struct http_exchange *exchange, const char *method,
                                   const char *data, size_t *size)
{
    if (!exchange->begun) {
        return step_begin(exchange, method);
    }
    if (exchange->paused) { /* libmicrohttpd shows the headers once more */
        exchange->paused = false;
        return is_answered(exchange) ? send_answer(exchange) : MHD_YES;
    }
    if (*size > 0) {
        return take_body(exchange, data, size);
    }
    if (!is_answered(exchange)) {
        run(exchange);
    }
    if (!is_answered(exchange)) {
        suspend(exchange);
        return MHD_YES;
    }
    return send_answer(exchange);
}

/* ---- the end ------------------------------------------------------------------------------- */

static const char *end_reason(const struct http_exchange *exchange,
                              enum MHD_RequestTerminationCode why)
{
    if (exchange->cause != NULL || why == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        return exchange->cause;
    }
    if (exchange->client->slow || why == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED) {
        return "client-slow";
    }
    if (!exchange->begun) {
        return "malformed"; /* libmicrohttpd refused what http/framing let pass */
    }
    return why == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN ? "stopping" : "client-gone";
}

/* True: libmicrohttpd has the answer, and with it the text. */
static bool is_sent(const struct http_exchange *exchange)
{
    return is_answered(exchange) && exchange->answer.text == NULL;
}

static void log_exchange(const struct http_exchange *exchange, enum MHD_RequestTerminationCode why)
{
    const struct http_route *route = exchange->request.match.route;
    struct log_line line;

    log_begin(&line, exchange->answer.status >= 500 ? LOG_WARNING : LOG_INFO, "http");
    log_text(&line, "method", exchange->method);
    log_text(&line, "route", route != NULL ? route->pattern : "none");
    if (is_sent(exchange)) {
        log_number(&line, "status", exchange->answer.status);
    }
    log_text(&line, "reason", end_reason(exchange, why));
    log_text(&line, "actor", exchange->admission.caller.name);
    log_text(&line, "peer", exchange->client->peer.text);
    log_number(&line, "ms", clock_ms() - exchange->started);
    log_text(&line, "ref", exchange->reference);
    log_end(&line);
}

void http_exchange_complete(struct http_exchange *exchange, enum MHD_RequestTerminationCode why)
{
    if (!exchange->client->refused) { /* the relay has logged the refusal */
        log_exchange(exchange, why);
    }
    exchange->client->answered = false;
    work_cancel(exchange);
    caller_finish(&exchange->admission.caller);
    json_decref(exchange->filters);
    answer_finish(&exchange->answer);
    buf_finish(&exchange->request.body);
    arena_destroy(exchange->arena);
    exchange->exchanges->count--;
    free(exchange);
}
