#include "http/exchange.h"

#include <event2/event.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "http/admit.h"
#include "http/response.h"
#include "http/server.h"
#include "loop/loop.h"

#define FORWARDED_FOR "X-Forwarded-For"

static struct origin_names names_of(const struct exchange *exchange)
{
    const struct http_client *client = exchange->client;

    return (struct origin_names){
        .public_url = exchange->exchanges->core->site.public_url,
        .listener = client->peer.local ? NULL : client->listener->name,
        .tls = client->listener->tls != NULL,
    };
}

struct exchange *exchange_create(struct exchanges *exchanges, struct MHD_Connection *connection,
                                 const char *target)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *exchange = mem_new(struct exchange);

    exchange->exchanges = exchanges;
    exchange->client = info->socket_context;
    exchange->connection = connection;
    exchange->arena = arena_create();
    exchange->started = clock_ms();
    exchange->target_end = target + strlen(target);
    exchange->uri_flaw = uri_parse(&exchange->uri, target, exchange->arena);
    exchange->names = names_of(exchange);
    exchange->forwarded = "";
    reference_make(exchange->reference);
    exchanges->count++;
    return exchange;
}

/* ---- answers ------------------------------------------------------------------------------- */

void exchange_resume(struct exchange *exchange)
{
    if (!exchange->suspended) {
        return;
    }
    exchange->suspended = false;
    event_del(&exchange->deadline);
    TAILQ_REMOVE(&exchange->exchanges->suspended, exchange, link);
    MHD_resume_connection(exchange->connection);
    exchange->exchanges->wake(exchange->exchanges);
}

void exchange_answer_text(struct exchange *exchange, unsigned status, char *text)
{
    exchange->answered = true;
    exchange->status = status;
    exchange->text = text;
    exchange_resume(exchange);
}

void exchange_answer(struct exchange *exchange, unsigned status, const json_t *object)
{
    exchange_answer_text(exchange, status, json_dumps(object, JSON_COMPACT));
}

void exchange_refuse(struct exchange *exchange, const struct problem *problem)
{
    struct problem full = *problem;

    full.reference = exchange->reference;
    json_t *json = problem_json(&full);

    exchange->is_problem = true;
    exchange_answer(exchange, problem_status(problem->type), json);
    json_decref(json);
}

void exchange_note(struct exchange *exchange, const char *cause)
{
    if (cause != NULL) {
        exchange->cause = arena_copy(exchange->arena, span_of(cause));
    }
}

static void refuse(struct exchange *exchange, enum problem_type type, const char *detail)
{
    exchange_refuse(exchange, &(struct problem){.type = type, .detail = detail});
}

static void work_cancel(struct exchange *exchange)
{
    if (exchange->work.call != NULL) {
        exchange->work.cancel(exchange->work.call);
        exchange->work.call = NULL;
    }
}

/* Ends a wait before its time. */
static void give_up(struct exchange *exchange, const char *detail, const char *cause)
{
    bool changes = exchange->match.route->method != HTTP_GET && !exchange->dry_run;
    const struct problem problem = {
        .type = PROBLEM_UNAVAILABLE,
        .detail = detail,
        .hint = changes ? "Look whether the change was made, then try again." : "Try again.",
    };

    work_cancel(exchange);
    exchange->cause = cause;
    exchange_refuse(exchange, &problem);
}

static void deadline_passed(int fd, short events, void *arg)
{
    (void)fd;
    (void)events;
    give_up(arg, "the request was not done in time", "deadline");
}

void exchange_stop(struct exchange *exchange)
{
    give_up(exchange, "authd is shutting down", "stopping");
}

static void suspend(struct exchange *exchange)
{
    struct timeval timeout = {.tv_sec = EXCHANGE_DEADLINE_MS / 1000};

    exchange->suspended = true;
    TAILQ_INSERT_TAIL(&exchange->exchanges->suspended, exchange, link);
    evtimer_assign(&exchange->deadline, loop_base(exchange->exchanges->core->loop), deadline_passed,
                   exchange);
    evtimer_add(&exchange->deadline, &timeout);
    MHD_suspend_connection(exchange->connection);
}

/* ---- the request --------------------------------------------------------------------------- */

static enum MHD_Result see_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size)
{
    struct exchange *exchange = arg;

    (void)kind;
    guard_header(&exchange->guard, (struct span){name, name_size},
                 (struct span){value, value_size});
    if (name_size == strlen(FORWARDED_FOR) && strncasecmp(name, FORWARDED_FOR, name_size) == 0) {
        exchange->forwarded =
            arena_printf(exchange->arena, "%s,%.*s", exchange->forwarded, (int)value_size, value);
    }
    return MHD_YES;
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

/* libmicrohttpd hands out the request line in place, as C strings. Where the version does not
 * follow the target by one blank, a NUL cut the target short. */
static bool target_is_cut(const struct exchange *exchange, const char *version)
{
    size_t distance = (size_t)((uintptr_t)version - (uintptr_t)exchange->target_end);

    return distance > 1 && distance < EXCHANGE_HEADERS_MAX;
}

/* What is wrong with the framing, if anything: then the body's end is anybody's guess. */
static const char *framing_flaw(struct exchange *exchange, const char *version)
{
    MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, see_header, exchange);
    guard_end(&exchange->guard, version);
    if (exchange->guard.flaw != NULL) {
        return arena_printf(exchange->arena, "the request %s", exchange->guard.flaw);
    }
    if (exchange->uri_flaw != NULL) {
        return arena_printf(exchange->arena, "the request target %s", exchange->uri_flaw);
    }
    if (target_is_cut(exchange, version)) {
        return "the request target has a NUL";
    }
    return NULL;
}

static void begin(struct exchange *exchange, const struct request_line *line)
{
    const char *flaw = framing_flaw(exchange, line->version);

    exchange->begun = true;
    exchange->client->busy = true;
    exchange->method = arena_copy(exchange->arena, span_of(line->method));
    if (flaw != NULL) {
        exchange->close = true;
        refuse(exchange, PROBLEM_BAD_REQUEST, flaw);
        return;
    }
    router_match(&exchange->match, http_routes, line->method, &exchange->uri);
    buf_init(&exchange->body, router_body_max(exchange->match.route));
    admit_begin(exchange);
}

static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *size)
{
    if (admit_wants_body(exchange)) {
        buf_append(&exchange->body, data, *size);
    }
    /* It is libmicrohttpd's own writable buffer, and nobody reads these octets again. */
    secret_wipe((char *)data, *size);
    exchange->body_length += *size;
    *size = 0;
    if (exchange->body_length > admit_body_max(exchange)) {
        exchange->cause = "body-too-large";
        return MHD_NO;
    }
    return MHD_YES;
}

/* The headers are here. */
static enum MHD_Result step_begin(struct exchange *exchange, const struct request_line *line)
{
    begin(exchange, line);
    exchange->client->received = exchange->answered;
    if (exchange->answered) {
        return response_send(exchange);
    }
    if (exchange->paused) {
        suspend(exchange);
    }
    return MHD_YES;
}

enum MHD_Result exchange_step(struct exchange *exchange, const struct request_line *line,
                              const char *data, size_t *size)
{
    if (!exchange->begun) {
        return step_begin(exchange, line);
    }
    if (exchange->paused) { /* shown the headers once more */
        exchange->paused = false;
        return exchange->answered ? response_send(exchange) : MHD_YES;
    }
    if (*size > 0) {
        return take_body(exchange, data, size);
    }
    exchange->client->received = true;
    if (!exchange->answered && admit_end(exchange)) {
        exchange->match.route->run(exchange);
    }
    if (!exchange->answered) {
        suspend(exchange);
        return MHD_YES;
    }
    return response_send(exchange);
}

/* ---- the end ------------------------------------------------------------------------------- */

static const char *end_reason(const struct exchange *exchange, enum MHD_RequestTerminationCode why)
{
    if (exchange->cause != NULL || why == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        return exchange->cause;
    }
    if (exchange->client->slow || why == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED) {
        return "client-slow";
    }
    if (!exchange->begun) {
        return "malformed"; /* libmicrohttpd refused it, or its headers never ended */
    }
    return why == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN ? "stopping" : "client-gone";
}

static void log_exchange(const struct exchange *exchange, enum MHD_RequestTerminationCode why)
{
    const struct http_route *route = exchange->match.route;
    struct log_line line;

    log_begin(&line, exchange->status >= 500 ? LOG_WARNING : LOG_INFO, "http");
    log_text(&line, "method", exchange->method);
    log_text(&line, "route", route != NULL ? route->pattern : "none");
    if (exchange->sent) {
        log_number(&line, "status", exchange->status);
    }
    log_text(&line, "reason", end_reason(exchange, why));
    log_text(&line, "actor", exchange->caller.name);
    log_text(&line, "peer", exchange->client->peer.text);
    log_number(&line, "ms", clock_ms() - exchange->started);
    log_text(&line, "ref", exchange->reference);
    log_end(&line);
}

void exchange_complete(struct exchange *exchange, enum MHD_RequestTerminationCode why)
{
    log_exchange(exchange, why);
    exchange->client->busy = false;
    exchange->client->received = false;
    work_cancel(exchange);
    caller_finish(&exchange->caller);
    json_decref(exchange->filters);
    if (exchange->text != NULL) {
        response_wipe(exchange->text);
    }
    buf_finish(&exchange->body);
    arena_destroy(exchange->arena);
    exchange->exchanges->count--;
    free(exchange);
}
