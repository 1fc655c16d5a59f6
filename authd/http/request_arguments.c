#include "http/request_arguments.h"

#include <stdlib.h>

#include "base/secret.h"
#include "core/subkey.h"
#include "http/cursor.h"
#include "http/etag.h"
#include "http/idempotency_key.h"
#include "http/request_body.h"

static const struct request_member no_members[] = {{0}};

/* ---- members ------------------------------------------------------------------------------- */

/* Sets the arguments to what the query says. */
static void check_query(const struct request *request, struct request_arguments *input,
                        json_t *errors)
{
    const struct http_route *route = request->match.route;
    const struct request_member *members = route->query != NULL ? route->query : no_members;
    json_t *query = request_schema_query(members, &request->uri);

    input->arguments = request_schema_check(members, query, errors);
    json_decref(query);
}

/* Adds what the body and the path say to what the query said. */
static void add_arguments(const struct http_match *match, json_t *arguments, json_t *body)
{
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

/* Checks query and body, then puts the arguments together. A route that checks its document itself
 * takes any member, and a caller who may call the route may set any member of the document. */
static const struct problem *check_members(const struct request *request,
                                           const struct admission *admission, json_t *body,
                                           struct request_arguments *input)
{
    const struct http_route *route = request->match.route;
    const struct caller_rights_case asked = admission_case(admission, request);
    bool document = (route->flags & ROUTE_DOCUMENT) != 0;
    json_t *errors = json_array();

    check_query(request, input, errors);

    json_t *checked =
        document
            ? json_incref(body)
            : request_schema_check(route->body != NULL ? route->body : no_members, body, errors);
    const struct problem *problem = request_schema_problem(errors, request->arena);

    if (problem == NULL && !document) {
        problem = caller_rights_check_body(&asked, body, request->arena);
    }
    if (problem == NULL) {
        add_arguments(&request->match, input->arguments, checked);
    }
    json_decref(checked);
    return problem;
}

/* ---- lists --------------------------------------------------------------------------------- */

static struct cursor_list list_of(const struct core *core, const struct request *request,
                                  const json_t *filters, uint8_t key[SUBKEY_LENGTH])
{
    subkey_make(core, "cursor", key);
    return (struct cursor_list){
        .key = key,
        .route = request->match.route->pattern,
        .filters = filters,
    };
}

/* Takes the cursor out of the arguments; what is left beside the page's size are the filters. */
static const struct problem *take_cursor(const struct core *core, const struct request *request,
                                         struct request_arguments *input)
{
    uint8_t key[SUBKEY_LENGTH];
    json_t *cursor = json_incref(json_object_get(input->arguments, "cursor"));

    json_object_del(input->arguments, "cursor");
    input->filters = json_copy(input->arguments);
    json_object_del(input->filters, "limit");
    if (cursor == NULL) {
        return NULL;
    }

    struct cursor_list list = list_of(core, request, input->filters, key);
    json_t *after = cursor_read(&list, json_string_value(cursor));

    secret_wipe(key, sizeof(key));
    json_decref(cursor);
    if (after == NULL) {
        json_t *errors = json_pack("[{s:s, s:s}]", "field", "cursor", "detail",
                                   "was not made for this list with these filters");

        return request_schema_problem(errors, request->arena);
    }
    json_object_set_new(input->arguments, "after", after);
    return NULL;
}

void request_arguments_page(const struct core *core, const struct request *request,
                            const json_t *filters, json_t *page)
{
    uint8_t key[SUBKEY_LENGTH];
    const json_t *next = json_object_get(page, "next");

    if (next == NULL || json_is_null(next)) {
        return;
    }

    struct cursor_list list = list_of(core, request, filters, key);
    const char *cursor = cursor_make(&list, next, request->arena);

    secret_wipe(key, sizeof(key));
    if (cursor == NULL) {
        abort(); /* a position is made of names and numbers, all bounded */
    }
    json_object_set_new(page, "next", json_string(cursor));
}

/* ---- arguments ----------------------------------------------------------------------------- */

const struct problem *request_arguments_read(const struct core *core, const struct request *request,
                                             const struct admission *admission,
                                             struct request_arguments *input)
{
    const char *flaw = NULL;
    json_t *body = request_body_parse(buf_span(&request->body), request->arena, &flaw);

    *input = (struct request_arguments){0};
    if (body == NULL) {
        return problem_new(request->arena, PROBLEM_MALFORMED_JSON, flaw, NULL);
    }

    const struct problem *problem = check_members(request, admission, body, input);

    json_decref(body);
    if (problem == NULL && (request->match.route->flags & ROUTE_LIST) != 0) {
        problem = take_cursor(core, request, input);
    }
    if (problem != NULL) {
        json_decref(input->arguments);
        json_decref(input->filters);
        *input = (struct request_arguments){0};
    }
    return problem;
}

/* ---- context ------------------------------------------------------------------------------- */

/* The program that asks. What a program says of itself decides nothing. */
static const char *via_of(const struct request *request)
{
    static const char client[] = "smtp-authctl/";
    const char *agent = request->headers.user_agent;

    return agent != NULL && strncmp(agent, client, strlen(client)) == 0 ? "ctl" : "api";
}

static const struct problem *bad_request(const struct request *request, const char *detail)
{
    return problem_new(request->arena, PROBLEM_BAD_REQUEST, detail, NULL);
}

static const struct problem *add_condition(const struct request *request, json_t *context)
{
    const char *header = request->headers.if_match;
    const char *list;

    if (header == NULL) {
        return NULL;
    }
    if ((request->match.route->flags & ROUTE_CONDITIONAL) == 0) {
        return bad_request(request, "this method knows no If-Match");
    }
    switch (etag_condition(span_of(header), request->arena, &list)) {
    case ETAG_ANY:
        json_object_set_new(context, "if_match", json_string("*"));
        return NULL;
    case ETAG_LIST:
        json_object_set_new(context, "if_match", json_string(list));
        return NULL;
    case ETAG_MALFORMED:
        break;
    }
    return problem_new(request->arena, PROBLEM_BAD_REQUEST,
                       "If-Match is neither * nor a list of ETags",
                       "Send the ETag as it came, with its quotes.");
}

/* The request as a digest: the body may hold a password, so the digest is made with a key. */
static json_t *request_digest(const struct core *core, const struct request *request)
{
    const struct uri *uri = &request->uri;
    struct span parts[2 + URI_SEGMENTS_MAX];
    char digest[SUBKEY_HEX_SIZE];
    size_t count = 0;

    parts[count++] = span_of(router_method(request->match.route->method));
    for (size_t i = 0; i < uri->segment_count; i++) {
        parts[count++] = span_of(uri->segments[i]);
    }
    parts[count++] = buf_span(&request->body);
    subkey_digest(core, "idempotency", parts, count, digest);
    return json_string(digest);
}

/* A dry run refuses what the request itself would be refused for, but its key stays free, because
 * its answer is not kept. */
static const struct problem *add_idempotency(const struct core *core, const struct request *request,
                                             bool dry_run, json_t *context)
{
    const char *header = request->headers.idempotency_key;
    const char *key;

    if (header == NULL) {
        return NULL;
    }
    if (request->match.route->method != HTTP_POST) {
        return bad_request(request, "only POST knows an Idempotency-Key");
    }
    if (request->idempotency_keys > 1) {
        return bad_request(request, "the request has more than one Idempotency-Key");
    }

    const char *flaw = idempotency_key_read(span_of(header), request->arena, &key);

    if (flaw != NULL) {
        return problem_new(request->arena, PROBLEM_BAD_REQUEST,
                           arena_printf(request->arena, "the Idempotency-Key %s", flaw),
                           "Send a text of your own, such as a UUID, alone or in quotes.");
    }
    if (!dry_run) {
        json_object_set_new(
            context, "idempotency",
            json_pack("{s:s, s:o}", "key", key, "digest", request_digest(core, request)));
    }
    return NULL;
}

static json_t *bare_context(const struct request *request, const struct admission *admission)
{
    const struct caller *caller = &admission->caller;
    bool self = (request->match.route->roles & ROLE_SELF) != 0;

    return json_pack("{s:O?, s:s?, s:{s:O?, s:O?}, s:b, s:b, s:s, s:s, s:s?, s:s}", "credential",
                     caller->credential, "role", caller_role_word(caller->role), "actor",
                     "credential", json_object_get(caller->known, "credential"), "account",
                     json_object_get(caller->known, "account"), "self", self, "self_only",
                     admission->rights.self_only, "reference", request->reference, "peer",
                     request->client->peer.text, "client",
                     request->address[0] != '\0' ? request->address : NULL, "via", via_of(request));
}

const struct problem *request_arguments_context(const struct core *core,
                                                const struct request *request,
                                                const struct admission *admission, bool dry_run,
                                                json_t **context)
{
    const struct problem *problem;

    *context = bare_context(request, admission);
    problem = add_condition(request, *context);
    if (problem == NULL) {
        problem = add_idempotency(core, request, dry_run, *context);
    }
    if (problem != NULL) {
        json_decref(*context);
        *context = NULL;
    }
    return problem;
}
