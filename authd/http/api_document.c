/* GET /openapi.json. The document is made once, by the first request for it. */
#include "http/api.h"
#include "http/exchange.h"
#include "http/input.h"
#include "http/openapi.h"

static const json_t *document(void)
{
    static json_t *made;

    if (made == NULL) {
        made = openapi_document(http_routes);
    }
    return made;
}

void api_document(struct exchange *exchange)
{
    json_t *arguments = input_arguments(exchange);

    if (arguments != NULL) {
        exchange_answer(exchange, MHD_HTTP_OK, document());
    }
    json_decref(arguments);
}
