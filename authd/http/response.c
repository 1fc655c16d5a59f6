#include "http/response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "http/page.h"

static void text_wipe(void *text)
{
    secret_wipe(text, strlen(text));
    free(text);
}

void answer_finish(struct answer *answer)
{
    if (answer->text != NULL) {
        text_wipe(answer->text);
        answer->text = NULL;
    }
}

static const char nothing_may_run[] = "default-src 'none'; frame-ancestors 'none'";

static void add_constant_headers(struct MHD_Response *response)
{
    static const struct {
        const char *name;
        const char *value;
    } always[] = {
        {"Cache-Control", "no-store"},
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

/* Adds a header, unless its value is NULL. */
static void add(struct MHD_Response *response, const char *name, const char *value)
{
    if (value != NULL) {
        MHD_add_response_header(response, name, value);
    }
}

static const char *type_of(const struct answer *answer)
{
    if (answer->is_problem) {
        return "application/problem+json";
    }
    return answer->page != NULL ? "text/html; charset=utf-8" : "application/json";
}

static void add_headers(const struct answer *answer, struct MHD_Response *response)
{
    bool unauthorized = answer->status == MHD_HTTP_UNAUTHORIZED;
    bool unavailable = answer->status == MHD_HTTP_SERVICE_UNAVAILABLE;
    unsigned wait = answer->retry_after == 0 && unavailable ? 1 : answer->retry_after;
    char seconds[16];

    add_constant_headers(response);
    add(response, "Content-Type", type_of(answer));
    add(response, "Content-Security-Policy",
        answer->page != NULL ? answer->page->policy : nothing_may_run);
    add(response, "Strict-Transport-Security", answer->secure ? "max-age=31536000" : NULL);
    add(response, "ETag", answer->etag);
    add(response, "Set-Cookie", answer->cookie);
    add(response, "Allow", answer->allow);
    add(response, "WWW-Authenticate", unauthorized ? "Bearer realm=\"authd\"" : NULL);
    snprintf(seconds, sizeof(seconds), "%u", wait);
    add(response, "Retry-After", wait != 0 ? seconds : NULL);
    add(response, "Connection", answer->close ? "close" : NULL);
}

enum MHD_Result response_send(struct answer *answer, struct MHD_Connection *connection)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        strlen(answer->text), answer->text, text_wipe);

    if (response == NULL) {
        return MHD_NO;
    }
    answer->text = NULL; /* the response owns the text */
    add_headers(answer, response);
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);

    MHD_destroy_response(response);
    return result;
}
