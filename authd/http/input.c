#include "http/input.h"

#include <stdlib.h>

#include "base/secret.h"
#include "core/derived.h"
#include "http/admit.h"
#include "http/body.h"
#include "http/cursor.h"
#include "http/etag.h"
#include "http/exchange.h"

#define IDEMPOTENCY_KEY_MAX 255

static const struct field no_fields[] = {{0}};

/* ---- fields -------------------------------------------------------------------------------- */

/* NULL: refused. No body is an empty object. */
static json_t *parse_body(struct exchange *exchange)
{
    const char *flaw = NULL;
    json_t *body = body_parse(buf_span(&exchange->body), exchange->arena, &flaw);

    if (body == NULL) {
        exchange_refuse(exchange,
                        &(struct problem){.type = PROBLEM_MALFORMED_JSON, .detail = flaw});
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

/* False: refused; the body sets what this caller may not set, or not now. */
static bool check_rights(struct exchange *exchange, const json_t *body)
{
    const struct http_route *route = exchange->match.route;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)body, name, value)
    {
        const struct field *field = field_find(route->body, name);
        enum rights_verdict verdict =
            rights_field(field, &exchange->caller, exchange->rights.self_only);

        if (verdict != RIGHTS_ALLOWED) {
            admit_refuse(exchange, verdict, name);
            return false;
        }
    }
    return true;
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
    if (match->route->level != NULL) {
        json_object_set_new(arguments, "level", json_string(match->route->level));
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

static void refuse_field(struct exchange *exchange, const char *field, const char *detail)
{
    json_t *errors = json_pack("[{s:s, s:s}]", "field", field, "detail", detail);

    refuse_fields(exchange, errors);
    json_decref(errors);
}

/* ---- lists --------------------------------------------------------------------------------- */

static struct cursor_list list_of(const struct exchange *exchange, uint8_t key[DERIVED_LENGTH])
{
    const struct http_route *route = exchange->match.route;

    derived_key(exchange->exchanges->core, "cursor", key);
    return (struct cursor_list){
        .key = key,
        .route = route->pattern,
        .filters = exchange->filters,
    };
}

/* Takes the cursor out of the arguments; what is left beside the page's size are the filters. */
static bool take_cursor(struct exchange *exchange, json_t *arguments)
{
    uint8_t key[DERIVED_LENGTH];
    json_t *cursor = json_incref(json_object_get(arguments, "cursor"));

    json_object_del(arguments, "cursor");
    exchange->filters = json_copy(arguments);
    json_object_del(exchange->filters, "limit");
    if (cursor == NULL) {
        return true;
    }

    struct cursor_list list = list_of(exchange, key);
    json_t *after = cursor_read(&list, json_string_value(cursor));

    secret_wipe(key, sizeof(key));
    json_decref(cursor);
    if (after == NULL) {
        refuse_field(exchange, "cursor", "was not made for this list with these filters");
        return false;
    }
    json_object_set_new(arguments, "after", after);
    return true;
}

void input_page(struct exchange *exchange, json_t *page)
{
    uint8_t key[DERIVED_LENGTH];
    const json_t *next = json_object_get(page, "next");

    if (next == NULL || json_is_null(next)) {
        return;
    }

    struct cursor_list list = list_of(exchange, key);
    const char *cursor = cursor_make(&list, next, exchange->arena);

    secret_wipe(key, sizeof(key));
    if (cursor == NULL) {
        abort(); /* a position is made of names and numbers, all bounded */
    }
    json_object_set_new(page, "next", json_string(cursor));
}

json_t *input_arguments(struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;
    json_t *body = parse_body(exchange);

    if (body == NULL) {
        return NULL;
    }

    json_t *errors = json_array();
    json_t *arguments = check_query(exchange, errors);
    bool document = (route->flags & ROUTE_DOCUMENT) != 0;
    json_t *checked =
        document ? json_incref(body)
                 : field_check(route->body != NULL ? route->body : no_fields, body, errors);
    bool good = json_array_size(errors) == 0;

    if (!good) {
        refuse_fields(exchange, errors);
    } else {
        good = document || check_rights(exchange, body);
    }
    if (good) {
        add_arguments(exchange, arguments, checked);
        good = (route->flags & ROUTE_LIST) == 0 || take_cursor(exchange, arguments);
    }
    if (!good) {
        json_decref(arguments);
        arguments = NULL;
    }
    json_decref(body);
    json_decref(checked);
    json_decref(errors);
    return arguments;
}

/* ---- context ------------------------------------------------------------------------------- */

/* By which program: what it says of itself decides nothing. */
static const char *via_of(const struct exchange *exchange)
{
    const char *agent = exchange_header(exchange, MHD_HTTP_HEADER_USER_AGENT);

    return agent != NULL && strncmp(agent, "authctl", strlen("authctl")) == 0 ? "ctl" : "api";
}

/* False: refused. */
static bool add_condition(struct exchange *exchange, json_t *context)
{
    const char *header = exchange_header(exchange, MHD_HTTP_HEADER_IF_MATCH);
    const char *list;

    if (header == NULL) {
        return true;
    }
    if ((exchange->match.route->flags & ROUTE_CONDITIONAL) == 0) {
        exchange_refuse(exchange, &(struct problem){.type = PROBLEM_BAD_REQUEST,
                                                    .detail = "this method knows no If-Match"});
        return false;
    }
    switch (etag_condition(span_of(header), exchange->arena, &list)) {
    case ETAG_ANY:
        json_object_set_new(context, "if_match", json_string("*"));
        return true;
    case ETAG_LIST:
        json_object_set_new(context, "if_match", json_string(list));
        return true;
    case ETAG_MALFORMED:
        break;
    }
    exchange_refuse(exchange, &(struct problem){
                                  .type = PROBLEM_BAD_REQUEST,
                                  .detail = "If-Match is neither * nor a list of ETags",
                                  .hint = "Send the ETag as it came, with its quotes.",
                              });
    return false;
}

static bool is_key(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '!' || text[i] > '~') {
            return false;
        }
    }
    return len > 0 && len <= IDEMPOTENCY_KEY_MAX;
}

/* The request as a digest: the body may hold a password, so it takes a key to make one. */
static json_t *request_digest(const struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;
    struct span parts[2 + URI_SEGMENTS_MAX];
    char digest[DERIVED_HEX_SIZE];
    size_t count = 0;

    parts[count++] = span_of(router_method(route->method));
    for (size_t i = 0; i < exchange->uri.segment_count; i++) {
        parts[count++] = span_of(exchange->uri.segments[i]);
    }
    parts[count++] = buf_span(&exchange->body);
    derived_digest(exchange->exchanges->core, "idempotency", parts, count, digest);
    return json_string(digest);
}

/* False: refused. A dry run keeps no answer, so its key stays free. */
static bool add_idempotency(struct exchange *exchange, json_t *context)
{
    const char *key = exchange_header(exchange, "Idempotency-Key");

    if (key == NULL || exchange->dry_run) {
        return true;
    }
    if (exchange->match.route->method != HTTP_POST) {
        exchange_refuse(exchange,
                        &(struct problem){.type = PROBLEM_BAD_REQUEST,
                                          .detail = "only POST knows an Idempotency-Key"});
        return false;
    }
    if (!is_key(key)) {
        exchange_refuse(exchange,
                        &(struct problem){.type = PROBLEM_BAD_REQUEST,
                                          .detail = "the Idempotency-Key is not 1 to 255 visible "
                                                    "ASCII characters"});
        return false;
    }
    json_object_set_new(context, "idempotency",
                        json_pack("{s:s, s:o}", "key", key, "digest", request_digest(exchange)));
    return true;
}

json_t *input_context(struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;
    json_t *context =
        json_pack("{s:O?, s:s?, s:b, s:b, s:s, s:s, s:s?, s:s}", "credential",
                  exchange->caller.credential, "role", caller_role_word(exchange->caller.role),
                  "self", (route->roles & ROLE_SELF) != 0, "self_only", exchange->rights.self_only,
                  "reference", exchange->reference, "peer", exchange->client->peer.text, "client",
                  exchange->address[0] != '\0' ? exchange->address : NULL, "via", via_of(exchange));

    if (!add_condition(exchange, context) || !add_idempotency(exchange, context)) {
        json_decref(context);
        return NULL;
    }
    return context;
}
