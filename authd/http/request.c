#include "http/request.h"

#include <strings.h>

#define FORWARDED_FOR   "X-Forwarded-For"
#define IDEMPOTENCY_KEY "Idempotency-Key"

static bool name_is(struct span name, const char *word)
{
    return name.len == strlen(word) && strncasecmp(name.ptr, word, name.len) == 0;
}

void request_target(struct request *request, const char *target)
{
    request->headers.forwarded = "";
    request->uri_flaw = uri_parse(&request->uri, target, request->arena);
}

void request_header(struct request *request, struct span name, struct span value)
{
    struct request_headers *headers = &request->headers;
    const struct {
        const char *name;
        const char **value;
    } known[] = {
#define X(member, word) {word, &headers->member},
        REQUEST_HEADERS(X)
#undef X
    };

    framing_guard_header(&request->guard, name, value);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (*known[i].value == NULL && name_is(name, known[i].name)) {
            *known[i].value = value.ptr;
        }
    }
    request->idempotency_keys += name_is(name, IDEMPOTENCY_KEY);
    if (name_is(name, FORWARDED_FOR)) {
        headers->forwarded =
            arena_printf(request->arena, "%s,%.*s", headers->forwarded, (int)value.len, value.ptr);
    }
}

static const struct problem *bad_request(const struct request *request, const char *detail)
{
    return problem_new(request->arena, PROBLEM_BAD_REQUEST, detail, NULL);
}

const struct problem *request_framing(struct request *request, const char *version)
{
    struct arena *arena = request->arena;

    framing_guard_end(&request->guard, version);
    if (request->guard.flaw != NULL) {
        return bad_request(request, arena_printf(arena, "the request %s", request->guard.flaw));
    }
    if (request->uri_flaw != NULL) {
        return bad_request(request,
                           arena_printf(arena, "the request target %s", request->uri_flaw));
    }
    return NULL;
}
