/* GET /openapi.json. The first request makes the document; later ones get a copy of its text.
 *
 * Threat: a stranger who asks again and again, since the document needs no sign-in: to make it
 * takes milliseconds of the event loop, to copy it does not. */
#include "base/mem.h"
#include "http/exchange.h"
#include "http/openapi.h"
#include "http/route_handlers.h"

static const char *document_text(void)
{
    static char *text;

    if (text == NULL) {
        json_t *document = openapi_document(http_routes);

        text = json_dumps(document, JSON_COMPACT);
        json_decref(document);
    }
    return text;
}

void route_openapi(struct http_exchange *exchange)
{
    json_t *arguments = route_arguments(exchange);

    if (arguments != NULL) {
        http_exchange_answer_text(exchange, MHD_HTTP_OK, mem_strdup(document_text()));
    }
    json_decref(arguments);
}
