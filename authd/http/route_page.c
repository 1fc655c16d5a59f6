/* The pages for people, which need no sign-in. */
#include "http/route_handlers.h"

#include "base/mem.h"
#include "http/exchange.h"
#include "http/page.h"

static void answer_page(struct http_exchange *exchange, const struct page *page)
{
    json_t *arguments = route_arguments(exchange);

    if (arguments != NULL) {
        exchange->answer.page = page;
        http_exchange_answer_text(exchange, MHD_HTTP_OK, mem_strdup(page->text));
    }
    json_decref(arguments);
}

void route_reset_page(struct http_exchange *exchange)
{
    answer_page(exchange, &page_reset);
}
