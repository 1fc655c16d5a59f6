#include "http/request.h"

#include <strings.h>

#include "http/forwarded.h"

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

    request->relayed = request->relayed || forwarded_is_added(name);
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

const struct problem *request_check(const struct request *request)
{
    if (request->uri_flaw == NULL) {
        return NULL;
    }
    return problem_new(request->arena, PROBLEM_BAD_REQUEST,
                       arena_printf(request->arena, "the request target %s", request->uri_flaw),
                       NULL);
}
