#include "http/router.h"

static const char *const method_names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
};

static bool method_is(enum http_method method, const char *name)
{
    return strcmp(method_names[method], name) == 0 ||
           (method == HTTP_GET && strcmp(name, "HEAD") == 0);
}

/* Takes one segment from the pattern. False: no segment is left. */
static bool pattern_segment(const char **pattern, struct span *segment)
{
    if (**pattern != '/' || (*pattern)[1] == '\0') {
        return false;
    }
    segment->ptr = *pattern + 1;
    segment->len = strcspn(segment->ptr, "/");
    *pattern = segment->ptr + segment->len;
    return true;
}

static bool pattern_match(const char *pattern, const struct uri *uri, struct http_match *match)
{
    struct span segment;
    size_t count = 0;

    match->parameter_count = 0;
    while (pattern_segment(&pattern, &segment)) {
        if (count == uri->segment_count) {
            return false;
        }

        const char *text = uri->segments[count++];

        if (segment.ptr[0] != '{') {
            if (!span_is(segment, text)) {
                return false;
            }
            continue;
        }
        if (text[0] == '\0') {
            return false;
        }
        match->parameters[match->parameter_count++] = (struct http_parameter){
            .name = {segment.ptr + 1, segment.len - 2},
            .value = text,
        };
    }
    return count == uri->segment_count;
}

void router_match(struct http_match *match, const struct http_route *routes, const char *method,
                  const struct uri *uri)
{
    *match = (struct http_match){0};
    for (const struct http_route *route = routes; route->pattern != NULL; route++) {
        struct http_match candidate = {0};

        if (!pattern_match(route->pattern, uri, &candidate)) {
            continue;
        }
        match->allow |= 1u << route->method;
        if (method_is(route->method, method)) {
            candidate.allow = match->allow;
            candidate.route = route;
            *match = candidate;
            return;
        }
    }
}

const char *router_allow(unsigned allow, struct arena *arena)
{
    const char *text = "";

    for (unsigned method = 0; method < HTTP_METHODS; method++) {
        if ((allow & 1u << method) != 0) {
            text = arena_printf(arena, "%s%s%s%s", text, text[0] != '\0' ? ", " : "",
                                method_names[method], method == HTTP_GET ? ", HEAD" : "");
        }
    }
    return text;
}

const char *router_method(enum http_method method)
{
    return method_names[method];
}

size_t router_body_max(const struct http_route *route)
{
    if (route == NULL || route->body == NULL) {
        return 0;
    }
    return route->body_max != 0 ? route->body_max : ROUTE_BODY_MAX;
}
