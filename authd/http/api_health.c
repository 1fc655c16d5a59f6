/* What a supervisor asks, and anybody may know. */
#include "http/api.h"

#include "http/exchange.h"

static void answer_word(struct exchange *exchange, const char *word)
{
    json_t *object = json_pack("{s:s}", "status", word);

    exchange_answer(exchange, MHD_HTTP_OK, object);
    json_decref(object);
}

void api_health(struct exchange *exchange)
{
    answer_word(exchange, "up");
}

void api_ready(struct exchange *exchange)
{
    if (exchange->exchanges->draining) {
        exchange->cause = "stopping";
        exchange_refuse(exchange, &(struct problem){.type = PROBLEM_UNAVAILABLE,
                                                    .detail = "authd is shutting down"});
    } else if (!account_ready(exchange->exchanges->core)) {
        exchange->cause = "database-down";
        exchange_refuse(exchange, &(struct problem){.type = PROBLEM_UNAVAILABLE,
                                                    .detail = "no connection to the database"});
    } else {
        answer_word(exchange, "ready");
    }
}
