/* GET /openapi.json. */
#include "http/api.h"
#include "http/exchange.h"
#include "http/input.h"
#include "http/openapi.h"

void api_document(struct exchange *exchange)
{
    json_t *arguments = input_arguments(exchange);

    if (arguments != NULL) {
        json_t *document = openapi_document(http_routes);

        exchange_answer(exchange, MHD_HTTP_OK, document);
        json_decref(document);
    }
    json_decref(arguments);
}
