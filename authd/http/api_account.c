/* The management API: one function for all of its routes, because the route table says what
 * differs.
 *
 * Threat: a request that means something else to us than to its sender. Every member is known and
 * typed before anything runs; all flaws are told at once, each by the name of its field. */
#include "http/api.h"

#include <stdlib.h>

#include "http/exchange.h"

static const struct field no_fields[] = {{0}};

/* The parser's own words only where they hold nothing of the body but a member's name. */
static const char *json_flaw(const json_error_t *error, struct arena *arena)
{
    switch ((int)json_error_code(error)) {
    case json_error_duplicate_key:
        return arena_printf(arena, "line %d: %s", error->line, error->text);
    case json_error_invalid_utf8:
        return arena_printf(arena, "line %d: not UTF-8", error->line);
    case json_error_stack_overflow:
        return arena_printf(arena, "line %d: too deep", error->line);
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return arena_printf(arena, "line %d: a NUL in a text", error->line);
    default:
        return arena_printf(arena, "not JSON at line %d, column %d", error->line, error->column);
    }
}

/* NULL: refused. No body is an empty object. */
static json_t *parse_body(struct exchange *exchange)
{
    json_error_t error;

    if (exchange->body.len == 0) {
        return json_object();
    }
    json_t *body =
        json_loadb(exchange->body.data, exchange->body.len, JSON_REJECT_DUPLICATES, &error);
    const char *flaw = NULL;

    if (body == NULL) {
        flaw = json_flaw(&error, exchange->arena);
    } else if (!json_is_object(body)) {
        flaw = "the body is not an object";
    }
    if (flaw != NULL) {
        exchange_refuse(exchange,
                        &(struct problem){.type = PROBLEM_MALFORMED_JSON, .detail = flaw});
        json_decref(body);
        return NULL;
    }
    return body;
}

static json_t *check_query(const struct exchange *exchange, json_t *errors)
{
    const struct http_route *route = exchange->match.route;
    const struct field *fields = route->query != NULL ? route->query : no_fields;
    json_t *query = field_query(fields, &exchange->uri);
    json_t *arguments = field_check(fields, query, errors);

    json_decref(query);
    return arguments;
}

/* Adds what the body and the path say to what the query said. */
static void add_arguments(const struct exchange *exchange, json_t *arguments, json_t *body)
{
    const struct http_match *match = &exchange->match;

    if (match->route->body_argument != NULL) {
        json_object_set(arguments, match->route->body_argument, body);
    } else {
        json_object_update(arguments, body);
    }
    for (size_t i = 0; i < match->parameter_count; i++) {
        const struct http_parameter *parameter = &match->parameters[i];

        json_object_setn_new(arguments, parameter->name.ptr, parameter->name.len,
                             json_string(parameter->value));
    }
}

static void refuse_fields(struct exchange *exchange, json_t *errors)
{
    exchange_refuse(exchange, &(struct problem){
                                  .type = PROBLEM_INVALID,
                                  .detail = field_sentence(errors, exchange->arena),
                                  .errors = errors,
                              });
}

/* NULL: refused. */
static json_t *arguments_of(struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;
    json_t *body = parse_body(exchange);

    if (body == NULL) {
        return NULL;
    }

    json_t *errors = json_array();
    json_t *arguments = check_query(exchange, errors);
    json_t *checked = field_check(route->body != NULL ? route->body : no_fields, body, errors);

    if (json_array_size(errors) == 0) {
        add_arguments(exchange, arguments, checked);
    } else {
        refuse_fields(exchange, errors);
        json_decref(arguments);
        arguments = NULL;
    }
    json_decref(body);
    json_decref(checked);
    json_decref(errors);
    return arguments;
}

static enum problem_type problem_of(enum account_status status)
{
    switch (status) {
    case ACCOUNT_INVALID:
        return PROBLEM_INVALID;
    case ACCOUNT_NOT_FOUND:
        return PROBLEM_NOT_FOUND;
    case ACCOUNT_CONFLICT:
        return PROBLEM_CONFLICT;
    case ACCOUNT_FORBIDDEN:
        return PROBLEM_FORBIDDEN;
    case ACCOUNT_UNAUTHORIZED:
        return PROBLEM_UNAUTHORIZED;
    case ACCOUNT_STALE:
        return PROBLEM_PRECONDITION_FAILED;
    case ACCOUNT_OK:
    case ACCOUNT_UNAVAILABLE:
        break;
    }
    return PROBLEM_UNAVAILABLE;
}

static void account_done(const struct account_result *result, void *arg)
{
    struct exchange *exchange = arg;
    unsigned created = exchange->match.route->created;

    exchange->call = NULL;
    if (result->status == ACCOUNT_OK) {
        bool creation = created != 0 && !exchange->dry_run;

        exchange_answer(exchange, creation ? created : MHD_HTTP_OK, result->object);
        return;
    }
    exchange_note(exchange, result->cause);
    exchange_refuse(exchange, &(struct problem){
                                  .type = problem_of(result->status),
                                  .detail = result->detail,
                                  .hint = result->hint,
                              });
}

/* By which program: what it says of itself decides nothing. */
static const char *via_of(const struct exchange *exchange)
{
    const char *agent = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                    MHD_HTTP_HEADER_USER_AGENT);

    return agent != NULL && strncmp(agent, "authctl", strlen("authctl")) == 0 ? "ctl" : "api";
}

/* Who asks, for authd.manage(): a process of this host that authd itself has seen. */
static json_t *context_of(const struct exchange *exchange)
{
    return json_pack("{s:{s:s, s:s}, s:s, s:b, s:b, s:s, s:s, s:s}", "credential", "kind", "host",
                     "name", exchange->actor, "role", "host", "self", false, "self_only", false,
                     "reference", exchange->reference, "peer", exchange->client->peer.text, "via",
                     via_of(exchange));
}

void api_account(struct exchange *exchange)
{
    json_t *arguments = arguments_of(exchange);

    if (arguments == NULL) {
        return;
    }
    exchange->dry_run = json_is_true(json_object_get(arguments, "dry_run"));
    json_object_del(arguments, "dry_run");

    json_t *context = context_of(exchange);
    struct account_request request = {
        .statement = exchange->match.route->statement,
        .context = context,
        .arguments = arguments,
        .dry_run = exchange->dry_run,
    };

    exchange->call = account_start(exchange->exchanges->core, &request, account_done, exchange);
    json_decref(context);
    json_decref(arguments);
}
