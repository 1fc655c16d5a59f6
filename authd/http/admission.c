#include "http/admission.h"

#include <stdlib.h>
#include <strings.h>

#include "http/cookie.h"

#define SCHEME "Bearer "

static const struct problem *refusal(const struct request *request, enum problem_type type,
                                     const char *detail)
{
    return problem_new(request->arena, type, detail, NULL);
}

/* ---- the headers --------------------------------------------------------------------------- */

/* Was the request sent to a name that is not authd's? Any name is allowed on a unix socket, since a
 * name can lead a browser to an address, never to a socket file; and on a route that load balancers
 * and supervisors ask, which know authd by an address. */
static bool is_misdirected(const struct request *request)
{
    const struct http_route *route = request->match.route;
    const char *host = request->headers.host;

    if (request->client->peer.local || (route != NULL && (route->flags & ROUTE_ANY_HOST) != 0)) {
        return false;
    }
    return host == NULL || !origin_is_host(&request->names, span_of(host));
}

/* Is the announced body longer than authd reads? */
static bool is_too_long(const struct request *request)
{
    const char *length = request->headers.content_length;

    return length != NULL && strtoull(length, NULL, 10) > admission_body_max(request->match.route);
}

const struct problem *admission_headers(const struct request *request)
{
    if (is_misdirected(request)) {
        return refusal(request, PROBLEM_MISDIRECTED,
                       "the Host of the request is not a name of this server");
    }
    if (is_too_long(request)) {
        return refusal(request, PROBLEM_TOO_LARGE, "the body is longer than this server reads");
    }
    return NULL;
}

/* ---- who ----------------------------------------------------------------------------------- */

/* An Authorization header counts alone: a program that presents a key wants to be that key. */
struct credential admission_credential(const struct request *request)
{
    const char *authorization = request->headers.authorization;
    const char *cookies = request->headers.cookie;
    struct credential credential = {
        .kind = CALLER_NOBODY,
        .address = request->address[0] != '\0' ? request->address : NULL,
    };

    if (authorization != NULL) {
        bool bearer = strncasecmp(authorization, SCHEME, strlen(SCHEME)) == 0;

        credential.kind = CALLER_API_KEY;
        credential.text = span_of(bearer ? authorization + strlen(SCHEME) : "");
    } else if (cookies != NULL) {
        credential.text = cookie_value(span_of(cookies), COOKIE_SESSION);
        credential.kind = credential.text.len > 0 ? CALLER_SESSION : CALLER_NOBODY;
    }
    return credential;
}

/* A local tool of root or of authd's own user, which does not act for a client behind a proxy or in
 * a browser. */
const char *admission_host(const struct request *request)
{
    uid_t uid = request->client->peer.uid;

    if (!client_is_admin(request->client) || request->relayed) {
        return NULL;
    }
    if (uid == 0) {
        return "root (uid 0)";
    }
    return arena_printf(request->arena, "authd (uid %ld)", (long)uid);
}

/* ---- rights -------------------------------------------------------------------------------- */

void admission_decide(struct admission *admission, const struct request *request)
{
    const struct http_route *route = request->match.route;
    bool guarded = admission->caller.kind == CALLER_SESSION || (route->flags & ROUTE_COOKIE) != 0;

    admission->rights = caller_rights_of(route, &admission->caller);
    if (guarded && route->method != HTTP_GET) {
        const struct origin_headers headers = {
            .origin = request->headers.origin,
            .fetch_site = request->headers.fetch_site,
            .requested_with = request->headers.requested_with,
        };

        admission->forgery = origin_flaw(&request->names, &headers);
    }
}

struct caller_rights_case admission_case(const struct admission *admission,
                                         const struct request *request)
{
    return (struct caller_rights_case){
        .route = request->match.route,
        .caller = &admission->caller,
        .rights = admission->rights,
    };
}

/* ---- the body ------------------------------------------------------------------------------ */

bool admission_wants_body(const struct admission *admission, const struct request *request)
{
    const struct http_route *route = request->match.route;

    return route != NULL && route->body != NULL && admission->forgery == NULL &&
           admission->rights.verdict == RIGHTS_ALLOWED;
}

size_t admission_body_max(const struct http_route *route)
{
    size_t most = router_body_max(route);

    return most > ADMISSION_SWALLOW_MAX ? most : ADMISSION_SWALLOW_MAX;
}

static bool is_json(const char *type)
{
    static const char json[] = "application/json";

    if (type == NULL || strncasecmp(type, json, sizeof(json) - 1) != 0) {
        return false;
    }
    return strchr("; \t", type[sizeof(json) - 1]) != NULL; /* the end, or parameters */
}

static const struct problem *check_body(const struct request *request)
{
    const struct http_route *route = request->match.route;
    size_t length = request->body_length;

    if (length > 0 && route->body == NULL) {
        return refusal(request, PROBLEM_BAD_REQUEST, "this method takes no body");
    }
    if (length > router_body_max(route)) {
        return refusal(request, PROBLEM_TOO_LARGE,
                       arena_printf(request->arena, "the body is longer than %zu octets",
                                    router_body_max(route)));
    }
    if (length > 0 && !is_json(request->headers.content_type)) {
        return refusal(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                       "the body must be application/json");
    }
    if (request->headers.content_encoding != NULL) {
        return refusal(request, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                       "the body must have no Content-Encoding");
    }
    return NULL;
}

/* ---- the end ------------------------------------------------------------------------------- */

/* The first refusal says that the caller is not signed in, the second that the request is forged,
 * the last what the caller may not do. */
static const struct problem *check_caller(const struct admission *admission,
                                          const struct request *request)
{
    const struct caller_rights_case asked = admission_case(admission, request);

    if (admission->forgery != NULL && admission->rights.verdict != RIGHTS_NOBODY) {
        return problem_new(request->arena, PROBLEM_CSRF,
                           arena_printf(request->arena, "the request %s", admission->forgery),
                           "Send it from a page of this site or from a program, with "
                           "the header X-Requested-With: authd.");
    }
    return caller_rights_check(&asked, request->arena);
}

const struct problem *admission_end(const struct admission *admission,
                                    const struct request *request)
{
    const struct http_match *match = &request->match;

    if (match->route == NULL && match->allow == 0) {
        return refusal(request, PROBLEM_NOT_FOUND, "there is nothing at this path");
    }
    if (match->route == NULL) {
        return refusal(request, PROBLEM_METHOD_NOT_ALLOWED, "this path does not have this method");
    }

    const struct problem *problem = check_caller(admission, request);

    return problem != NULL ? problem : check_body(request);
}
