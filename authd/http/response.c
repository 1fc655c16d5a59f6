#include "http/response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* Takes the headers of an answer one after the other. */
typedef void header_f(void *to, const char *name, const char *value);

static void each_constant_header(header_f *take, void *to)
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
        take(to, always[i].name, always[i].value);
    }
}

static const char *type_of(const struct answer *answer)
{
    if (answer->is_problem) {
        return "application/problem+json";
    }
    return answer->page != NULL ? "text/html; charset=utf-8" : "application/json";
}

/* A value of NULL: the answer does not have this header. */
static void each_header(const struct answer *answer, header_f *take, void *to)
{
    bool unauthorized = answer->status == MHD_HTTP_UNAUTHORIZED;
    bool unavailable = answer->status == MHD_HTTP_SERVICE_UNAVAILABLE;
    unsigned wait = answer->retry_after == 0 && unavailable ? 1 : answer->retry_after;
    char seconds[16];

    each_constant_header(take, to);
    take(to, "Content-Type", type_of(answer));
    take(to, "Content-Security-Policy",
         answer->page != NULL ? answer->page->policy : nothing_may_run);
    take(to, "Strict-Transport-Security", answer->secure ? "max-age=31536000" : NULL);
    take(to, "ETag", answer->etag);
    take(to, "Set-Cookie", answer->cookie);
    take(to, "Allow", answer->allow);
    take(to, "WWW-Authenticate", unauthorized ? "Bearer realm=\"authd\"" : NULL);
    snprintf(seconds, sizeof(seconds), "%u", wait);
    take(to, "Retry-After", wait != 0 ? seconds : NULL);
    take(to, "Connection", answer->close ? "close" : NULL);
}

static void add(void *to, const char *name, const char *value)
{
    if (value != NULL) {
        MHD_add_response_header(to, name, value);
    }
}

static void append(void *to, const char *name, const char *value)
{
    if (value != NULL) {
        buf_printf(to, "%s: %s\r\n", name, value);
    }
}

void response_append(const struct answer *answer, struct buf *out)
{
    time_t now = time(NULL);
    struct tm when;
    char date[64];

    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &when));
    buf_printf(out, "HTTP/1.1 %u %s\r\n", answer->status,
               MHD_get_reason_phrase_for(answer->status));
    append(out, "Date", date);
    each_header(answer, append, out);
    buf_printf(out, "Content-Length: %zu\r\n\r\n%s", strlen(answer->text), answer->text);
}

enum MHD_Result response_send(struct answer *answer, struct MHD_Connection *connection)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        strlen(answer->text), answer->text, text_wipe);

    if (response == NULL) {
        return MHD_NO;
    }
    answer->text = NULL; /* the response owns the text */
    each_header(answer, add, response);
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);

    MHD_destroy_response(response);
    return result;
}
