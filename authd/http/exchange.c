#include "http/exchange.h"

#include <event2/event.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "loop/loop.h"

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
    reference_make(exchange->reference);
    buf_init(&exchange->body, EXCHANGE_BODY_MAX);
    exchanges->count++;
    return exchange;
}

/* ---- answers ------------------------------------------------------------------------------- */

static void resume(struct exchange *exchange)
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

void exchange_answer(struct exchange *exchange, unsigned status, const json_t *object)
{
    exchange->answered = true;
    exchange->status = status;
    exchange->text = json_dumps(object, JSON_COMPACT);
    resume(exchange);
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

/* Ends a wait before its time. */
static void give_up(struct exchange *exchange, const char *detail, const char *cause)
{
    bool changes = exchange->match.route->method != HTTP_GET && !exchange->dry_run;
    const struct problem problem = {
        .type = PROBLEM_UNAVAILABLE,
        .detail = detail,
        .hint = changes ? "Look whether the change was made, then try again." : "Try again.",
    };

    account_cancel(exchange->call);
    exchange->call = NULL;
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

/* ---- the response -------------------------------------------------------------------------- */

static void wiped_free(void *text)
{
    secret_wipe(text, strlen(text));
    free(text);
}

static void add_headers(struct exchange *exchange, struct MHD_Response *response)
{
    static const struct {
        const char *name;
        const char *value;
    } always[] = {
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
    };

    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        MHD_add_response_header(response, always[i].name, always[i].value);
    }
    MHD_add_response_header(response, "Content-Type",
                            exchange->is_problem ? "application/problem+json" : "application/json");
    if (exchange->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, "Allow",
                                router_allow(exchange->match.allow, exchange->arena));
    }
    if (exchange->status == MHD_HTTP_UNAUTHORIZED) {
        /* Not a scheme that a client could try: the socket itself says who is there. */
        MHD_add_response_header(response, "WWW-Authenticate", "Unix-Peer");
    }
    if (exchange->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        MHD_add_response_header(response, "Retry-After", "1");
    }
    if (exchange->close || exchange->exchanges->draining) {
        MHD_add_response_header(response, "Connection", "close");
    }
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        strlen(exchange->text), exchange->text, wiped_free);

    if (response == NULL) {
        return MHD_NO;
    }
    exchange->text = NULL; /* the response's own now */
    exchange->sent = true;
    add_headers(exchange, response);
    enum MHD_Result result = MHD_queue_response(exchange->connection, exchange->status, response);

    MHD_destroy_response(response);
    return result;
}

/* ---- the request --------------------------------------------------------------------------- */

static enum MHD_Result see_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    guard_header(arg, (struct span){name, name_size}, (struct span){value, value_size});
    return MHD_YES;
}

static const char *header(const struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

bool client_is_admin(const struct http_client *client)
{
    const struct peer *peer = &client->peer;

    return client->admin_by_peer && peer->local && (peer->uid == 0 || peer->uid == geteuid());
}

/* Administrator by peer: a local tool of root's or of authd's own user, which speaks for itself and
 * not for somebody behind a proxy or in a browser. */
static const char *actor_of(const struct exchange *exchange)
{
    uid_t uid = exchange->client->peer.uid;

    if (!client_is_admin(exchange->client) || exchange->guard.relayed) {
        return NULL;
    }
    if (uid == 0) {
        return "root (uid 0)";
    }
    return arena_printf(exchange->arena, "authd (uid %ld)", (long)uid);
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
    MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, see_header,
                                &exchange->guard);
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

/* More than we are willing to read. */
static bool announces_too_much(const struct exchange *exchange)
{
    const char *length = header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return length != NULL && strtoull(length, NULL, 10) > EXCHANGE_SWALLOW_MAX;
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
    exchange->actor = actor_of(exchange);
    if (announces_too_much(exchange)) {
        exchange->close = true;
        refuse(exchange, PROBLEM_TOO_LARGE, "the body is longer than 64 KiB");
    }
}

/* Only what will be looked at is kept. */
static bool body_wanted(const struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;

    return route != NULL && (route->right == RIGHT_ANYONE || exchange->actor != NULL);
}

static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *size)
{
    if (body_wanted(exchange)) {
        buf_append(&exchange->body, data, *size);
    }
    /* It is libmicrohttpd's own writable buffer, and nobody reads these octets again. */
    secret_wipe((char *)data, *size);
    exchange->body_length += *size;
    *size = 0;
    if (exchange->body_length > EXCHANGE_SWALLOW_MAX) {
        exchange->cause = "body-too-large";
        return MHD_NO;
    }
    return MHD_YES;
}

static bool is_json(const char *type)
{
    static const char json[] = "application/json";

    if (type == NULL || strncasecmp(type, json, sizeof(json) - 1) != 0) {
        return false;
    }
    return strchr("; \t", type[sizeof(json) - 1]) != NULL; /* the end, or parameters */
}

/* False: refused. */
static bool admit(struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;

    if (route == NULL && exchange->match.allow == 0) {
        refuse(exchange, PROBLEM_NOT_FOUND, "there is nothing at this path");
    } else if (route == NULL) {
        refuse(exchange, PROBLEM_METHOD_NOT_ALLOWED, "this path does not have this method");
    } else if (route->right == RIGHT_ADMIN && exchange->actor == NULL) {
        exchange_refuse(
            exchange,
            &(struct problem){
                .type = PROBLEM_UNAUTHORIZED,
                .detail =
                    "only root or authd's own user may do this, on the administrator's socket, "
                    "and not through a proxy or a browser",
            });
    } else if (exchange->body_length > EXCHANGE_BODY_MAX) {
        refuse(exchange, PROBLEM_TOO_LARGE, "the body is longer than 64 KiB");
    } else if (exchange->body_length > 0 && route->body == NULL) {
        refuse(exchange, PROBLEM_BAD_REQUEST, "this method takes no body");
    } else if (exchange->body_length > 0 &&
               !is_json(header(exchange, MHD_HTTP_HEADER_CONTENT_TYPE))) {
        refuse(exchange, PROBLEM_UNSUPPORTED_MEDIA_TYPE, "the body must be application/json");
    } else {
        return true;
    }
    return false;
}

enum MHD_Result exchange_step(struct exchange *exchange, const struct request_line *line,
                              const char *data, size_t *size)
{
    if (!exchange->begun) {
        begin(exchange, line);
        exchange->client->received = exchange->answered;
        return exchange->answered ? send_answer(exchange) : MHD_YES;
    }
    if (*size > 0) {
        return take_body(exchange, data, size);
    }
    exchange->client->received = true;
    if (!exchange->answered && admit(exchange)) {
        exchange->match.route->run(exchange);
    }
    if (!exchange->answered) {
        suspend(exchange);
        return MHD_YES;
    }
    return send_answer(exchange);
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
    log_text(&line, "actor", exchange->actor);
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
    if (exchange->call != NULL) {
        account_cancel(exchange->call);
    }
    if (exchange->text != NULL) {
        wiped_free(exchange->text);
    }
    buf_finish(&exchange->body);
    arena_destroy(exchange->arena);
    exchange->exchanges->count--;
    free(exchange);
}
