/* A request of any octets is refused with a sentence, or has arguments and a context. The input is
 * who asks (A: an administrator, U: a user, else nobody), then a request without its version, with
 * single newlines. */
#include <stdint.h>
#include <stdlib.h>

#include "core/core.h"
#include "crypto/key.h"
#include "http/request_arguments.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_listener listener = {.name = "127.0.0.1:8587"};
static const struct http_client client = {.listener = &listener, .peer = {.text = "127.0.0.1:7"}};
static const struct key_ring ring = {.peppers = {.keys = {{.octets = {1}}}, .count = 1}};
static const struct core core = {.keys = &ring};

static void require(bool truth)
{
    if (!truth) {
        abort();
    }
}

/* The text before the next `end`, which becomes a NUL. */
static char *cut(char **rest, char end)
{
    const char ends[] = {end, '\0'};
    char *text = *rest;

    *rest = text + strcspn(text, ends);
    if (**rest != '\0') {
        *(*rest)++ = '\0';
    }
    return text;
}

static void check(const struct problem *problem)
{
    struct problem full = *problem;

    full.reference = "abcdefghij";

    json_t *json = problem_json(&full);

    require(json_string_length(json_object_get(json, "detail")) > 0);
    require(problem_status(problem->type) >= 400);
    json_decref(json);
}

static void read_headers(struct request *request, char **rest)
{
    while (**rest != '\0' && **rest != '\n') {
        char *value = cut(rest, '\n');
        char *name = cut(&value, ':');

        request_header(request, span_of(name), span_of(value));
    }
}

static const struct problem *read_input(const struct request *request,
                                        const struct admission *admission)
{
    struct request_arguments input;
    json_t *context = NULL;
    const struct problem *problem = request_arguments_read(&core, request, admission, &input);

    require((problem == NULL) == json_is_object(input.arguments));
    if (problem == NULL) {
        problem = request_arguments_context(&core, request, admission, false, &context);
        require((problem == NULL) == json_is_object(context));
    }
    json_decref(input.arguments);
    json_decref(input.filters);
    json_decref(context);
    return problem;
}

static const struct problem *read_request(struct request *request, struct admission *admission,
                                          char *rest)
{
    const char *method = cut(&rest, ' ');

    request_target(request, cut(&rest, '\n'));
    read_headers(request, &rest);

    const struct problem *problem = request_check(request);

    if (problem != NULL) {
        return problem;
    }
    router_match(&request->match, http_routes, method, &request->uri);
    client_address(&client, span_of(request->headers.forwarded), request->address);
    problem = admission_headers(request);
    if (problem != NULL) {
        return problem;
    }
    if (request->match.route != NULL) {
        admission_decide(admission, request);
    }
    buf_init(&request->body, router_body_max(request->match.route));
    buf_append(&request->body, rest, strlen(rest));
    request->body_length = strlen(rest);
    problem = admission_end(admission, request);
    return problem != NULL ? problem : read_input(request, admission);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    struct request request = {.arena = arena, .reference = "abcdefghij", .client = &client};
    static const struct public_url public_url = {
        .text = "https://auth.example.org", .host = "auth.example.org", .port = 443, .tls = true};
    struct admission admission = {.caller = {.name = "somebody"}};
    char *text = arena_copy(arena, (struct span){(const char *)data, size});

    request.names = client_names(&client, &public_url);
    if (text[0] != '\0') {
        bool admin = text[0] == 'A';

        admission.caller.kind = admin || text[0] == 'U' ? CALLER_SESSION : CALLER_NOBODY;
        admission.caller.role = admin ? CALLER_ADMIN : CALLER_USER;
        admission.caller.fresh = admin;

        const struct problem *problem = read_request(&request, &admission, text + 1);

        if (problem != NULL) {
            check(problem);
            json_decref(problem->errors);
        }
    }
    buf_finish(&request.body);
    arena_destroy(arena);
    return 0;
}
