#include "http/admit.h"

#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "core/core.h"
#include "http/cookie.h"
#include "http/exchange.h"
#include "http/forwarded.h"
#include "http/server.h"

#define SCHEME "Bearer "

static void refuse(struct exchange *exchange, enum problem_type type, const char *detail)
{
    exchange_refuse(exchange, &(struct problem){.type = type, .detail = detail});
}

/* ---- who ----------------------------------------------------------------------------------- */

bool client_is_admin(const struct http_client *client)
{
    const struct peer *peer = &client->peer;

    return client->admin_by_peer && peer->local && (peer->uid == 0 || peer->uid == geteuid());
}

/* Administrator by peer: a local tool of root's or of authd's own user, which speaks for itself and
 * not for somebody behind a proxy or in a browser. */
static const char *host_name(const struct exchange *exchange)
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

/* An Authorization header counts alone: a program that shows a key wants to be that key. */
static struct credential credential_of(const struct exchange *exchange)
{
    const char *authorization = exchange_header(exchange, MHD_HTTP_HEADER_AUTHORIZATION);
    const char *cookies = exchange_header(exchange, MHD_HTTP_HEADER_COOKIE);
    struct credential credential = {
        .kind = CALLER_NOBODY,
        .address = exchange->address[0] != '\0' ? exchange->address : NULL,
    };

    if (authorization != NULL) {
        bool bearer = strncasecmp(authorization, SCHEME, strlen(SCHEME)) == 0;

        credential.kind = CALLER_API_KEY;
        credential.text = span_of(bearer ? authorization + strlen(SCHEME) : "");
    } else if (cookies != NULL) {
        credential.text = cookie_value(span_of(cookies), EXCHANGE_COOKIE);
        credential.kind = credential.text.len > 0 ? CALLER_SESSION : CALLER_NOBODY;
    }
    return credential;
}

/* "192.0.2.1:587", "[2001:db8::1]:587". Behind a unix socket the client stays unknown. */
static void find_address(struct exchange *exchange)
{
    const struct http_client *client = exchange->client;
    const struct forwarded_rule rule = {
        .proxies = client->listener->trusted_proxies,
        .count = client->listener->trusted_proxy_count,
    };
    const char *text = client->peer.text;
    const char *colon = strrchr(text, ':');
    struct network_address peer = {0};
    struct span host = {text, colon != NULL ? (size_t)(colon - text) : 0};

    if (host.len > 2 && text[0] == '[') {
        host = (struct span){text + 1, host.len - 2};
    }
    if (!client->peer.local && network_address_parse(host, &peer)) {
        peer = forwarded_client(&rule, &peer, span_of(exchange->forwarded));
    }
    network_address_text(&peer, exchange->address);
}

/* ---- whether he may ------------------------------------------------------------------------ */

static void judge(struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;
    bool guarded = exchange->caller.kind == CALLER_SESSION || (route->flags & ROUTE_COOKIE) != 0;

    exchange->rights = rights_judge(route, &exchange->caller);
    if (guarded && route->method != HTTP_GET) {
        const struct origin_headers headers = {
            .origin = exchange_header(exchange, MHD_HTTP_HEADER_ORIGIN),
            .fetch_site = exchange_header(exchange, "Sec-Fetch-Site"),
            .requested_with = exchange_header(exchange, "X-Requested-With"),
        };

        exchange->forgery = origin_flaw(&exchange->names, &headers);
    }
}

static void caller_known(enum caller_result result, struct caller *caller, const char *cause,
                         void *arg)
{
    struct exchange *exchange = arg;

    exchange->work.call = NULL;
    if (result == CALLER_KNOWN) {
        exchange->caller = *caller;
    } else if (result == CALLER_UNAVAILABLE) {
        exchange_note(exchange, cause);
        exchange_refuse(exchange, &(struct problem){
                                      .type = PROBLEM_UNAVAILABLE,
                                      .detail = "the database does not answer",
                                      .hint = "Try again.",
                                  });
        return;
    }
    judge(exchange);
    exchange_resume(exchange);
}

static void cancel_caller(void *call)
{
    caller_cancel(call);
}

/* Only TCP: a name can lead a browser to an address, never to a socket file. */
static bool is_misdirected(const struct exchange *exchange)
{
    const char *host = exchange_header(exchange, MHD_HTTP_HEADER_HOST);

    return !exchange->client->peer.local &&
           (host == NULL || !origin_is_host(&exchange->names, span_of(host)));
}

/* Announced to be more than we are willing to read. */
static bool is_too_long(const struct exchange *exchange)
{
    const char *length = exchange_header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return length != NULL && strtoull(length, NULL, 10) > admit_body_max(exchange);
}

void admit_begin(struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;
    struct core *core = exchange->exchanges->core;

    find_address(exchange);
    if (is_misdirected(exchange)) {
        exchange->close = true;
        refuse(exchange, PROBLEM_MISDIRECTED, "the Host of the request is no name of this server");
        return;
    }
    if (is_too_long(exchange)) {
        exchange->close = true;
        refuse(exchange, PROBLEM_TOO_LARGE, "the body is longer than this server reads");
        return;
    }
    if (route == NULL) {
        return;
    }

    struct credential credential = credential_of(exchange);
    const char *host = host_name(exchange);

    if (route->roles != 0 && credential.kind != CALLER_NOBODY) {
        exchange->work.cancel = cancel_caller;
        exchange->work.call = caller_resolve(core, &credential, caller_known, exchange);
        exchange->paused = true;
        return;
    }
    if (host != NULL && credential.kind == CALLER_NOBODY) {
        caller_host(&exchange->caller, host);
    }
    judge(exchange);
}

bool admit_wants_body(const struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;

    return route != NULL && route->body != NULL && exchange->forgery == NULL &&
           exchange->rights.verdict == RIGHTS_ALLOWED;
}

unsigned long admit_body_max(const struct exchange *exchange)
{
    size_t most = router_body_max(exchange->match.route);

    return most > EXCHANGE_SWALLOW_MAX ? most : EXCHANGE_SWALLOW_MAX;
}

/* ---- refusals ------------------------------------------------------------------------------ */

static const char *role_detail(const struct exchange *exchange, const char *field)
{
    const char *role = caller_role_word(exchange->caller.role);

    if (field == NULL) {
        return arena_printf(exchange->arena, "the role %s may not do this", role);
    }
    return arena_printf(exchange->arena, "the role %s may not set %s%s", role, field,
                        exchange->rights.self_only ? " of its own account" : "");
}

static const char *key_detail(const struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;

    return arena_printf(exchange->arena, "%s lacks the right %s:%s", exchange->caller.name,
                        route->resource, route->method == HTTP_GET ? "read" : "write");
}

void admit_refuse(struct exchange *exchange, unsigned verdict, const char *field)
{
    struct problem problem = {.type = PROBLEM_FORBIDDEN};

    switch ((enum rights_verdict)verdict) {
    case RIGHTS_ALLOWED:
        abort(); /* nothing to refuse */
    case RIGHTS_NOBODY:
        problem.type = PROBLEM_UNAUTHORIZED;
        problem.detail = "nobody is signed in, or the sign-in has ended";
        problem.hint = "Sign in, show an API key, or use the administrator's socket as root.";
        break;
    case RIGHTS_ROLE:
        problem.detail = role_detail(exchange, field);
        problem.hint = "Ask an administrator.";
        break;
    case RIGHTS_KEY:
        problem.detail = key_detail(exchange);
        problem.hint = "Make an API key that has it.";
        break;
    case RIGHTS_NO_KEYS:
        problem.detail = "no API key may do this";
        problem.hint = "Sign in, or use the administrator's socket.";
        break;
    case RIGHTS_NO_SESSION:
        problem.detail = "only a signed-in user can do this";
        problem.hint = "Sign in with a password.";
        break;
    case RIGHTS_STALE:
        problem.type = PROBLEM_FRESH_SIGN_IN_REQUIRED;
        problem.detail = field == NULL
                             ? "this needs a password that was given in the last minutes"
                             : arena_printf(exchange->arena,
                                            "%s needs a password that was given in the last "
                                            "minutes",
                                            field);
        problem.hint = "Give the password to POST /v1/session/fresh, then try again.";
        break;
    case RIGHTS_MUST_ENROL:
        problem.type = PROBLEM_SECOND_FACTOR_REQUIRED;
        problem.detail = "this account needs a second factor, and this sign-in had none";
        problem.hint =
            "Sign in again with a code; or enrol by POST /v1/users/me/totp, confirm it by a "
            "code, then go on.";
        break;
    }
    exchange_refuse(exchange, &problem);
}

static bool is_json(const char *type)
{
    static const char json[] = "application/json";

    if (type == NULL || strncasecmp(type, json, sizeof(json) - 1) != 0) {
        return false;
    }
    return strchr("; \t", type[sizeof(json) - 1]) != NULL; /* the end, or parameters */
}

static bool admit_body(struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;

    if (exchange->body_length > 0 && route->body == NULL) {
        refuse(exchange, PROBLEM_BAD_REQUEST, "this method takes no body");
    } else if (exchange->body_length > router_body_max(route)) {
        refuse(exchange, PROBLEM_TOO_LARGE,
               arena_printf(exchange->arena, "the body is longer than %zu octets",
                            router_body_max(route)));
    } else if (exchange->body_length > 0 &&
               !is_json(exchange_header(exchange, MHD_HTTP_HEADER_CONTENT_TYPE))) {
        refuse(exchange, PROBLEM_UNSUPPORTED_MEDIA_TYPE, "the body must be application/json");
    } else if (exchange_header(exchange, MHD_HTTP_HEADER_CONTENT_ENCODING) != NULL) {
        refuse(exchange, PROBLEM_UNSUPPORTED_MEDIA_TYPE, "the body must have no Content-Encoding");
    } else {
        return true;
    }
    return false;
}

bool admit_end(struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;

    if (route == NULL && exchange->match.allow == 0) {
        refuse(exchange, PROBLEM_NOT_FOUND, "there is nothing at this path");
    } else if (route == NULL) {
        refuse(exchange, PROBLEM_METHOD_NOT_ALLOWED, "this path does not have this method");
    } else if (exchange->rights.verdict == RIGHTS_NOBODY) {
        admit_refuse(exchange, RIGHTS_NOBODY, NULL);
    } else if (exchange->forgery != NULL) {
        exchange_refuse(
            exchange,
            &(struct problem){
                .type = PROBLEM_CSRF,
                .detail = arena_printf(exchange->arena, "the request %s", exchange->forgery),
                .hint = "Send it from a page of this site or from a program, with "
                        "the header X-Requested-With: authd.",
            });
    } else if (exchange->rights.verdict != RIGHTS_ALLOWED) {
        admit_refuse(exchange, exchange->rights.verdict, NULL);
    } else {
        return admit_body(exchange);
    }
    return false;
}
