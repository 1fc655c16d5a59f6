#include "http/response.h"

#include <stdlib.h>
#include <strings.h>

#include "base/secret.h"
#include "core/core.h"
#include "http/exchange.h"

void response_wipe(void *text)
{
    secret_wipe(text, strlen(text));
    free(text);
}

/* The browser has reached us by TLS, or by a proxy that it reaches by TLS. */
static bool is_secure(const struct origin_names *names)
{
    return names->tls || (names->public_url != NULL &&
                          strncasecmp(names->public_url, "https:", strlen("https:")) == 0);
}

static void add_constant_headers(struct MHD_Response *response)
{
    static const struct {
        const char *name;
        const char *value;
    } always[] = {
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
    };

    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        MHD_add_response_header(response, always[i].name, always[i].value);
    }
}

static void add_headers(struct exchange *exchange, struct MHD_Response *response)
{
    add_constant_headers(response);
    MHD_add_response_header(response, "Content-Type",
                            exchange->is_problem ? "application/problem+json" : "application/json");
    if (is_secure(&exchange->names)) {
        MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
    }
    if (exchange->etag != NULL) {
        MHD_add_response_header(response, "ETag", exchange->etag);
    }
    if (exchange->cookie != NULL) {
        MHD_add_response_header(response, "Set-Cookie", exchange->cookie);
    }
    if (exchange->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, "Allow",
                                router_allow(exchange->match.allow, exchange->arena));
    }
    if (exchange->status == MHD_HTTP_UNAUTHORIZED) {
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"authd\"");
    }
    if (exchange->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        MHD_add_response_header(response, "Retry-After", "1");
    }
    if (exchange->close || exchange->exchanges->draining) {
        MHD_add_response_header(response, "Connection", "close");
    }
}

enum MHD_Result response_send(struct exchange *exchange)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        strlen(exchange->text), exchange->text, response_wipe);

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
