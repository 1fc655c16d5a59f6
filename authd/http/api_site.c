/* GET /v1/site: what users enter in their mail programs, and what a new password must be. */
#include "http/api.h"

#include "core/core.h"
#include "http/exchange.h"
#include "http/input.h"

/* null, where nothing is configured. */
static json_t *submission(const struct site *site)
{
    if (site->submission_host == NULL) {
        return json_null();
    }
    return json_pack("{s:s, s:i}", "host", site->submission_host, "port",
                     (int)site->submission_port);
}

void api_site(struct exchange *exchange)
{
    const struct core *core = exchange->exchanges->core;
    const struct site *site = &core->site;
    json_t *arguments = input_arguments(exchange);

    if (arguments == NULL) {
        return;
    }

    json_t *object =
        json_pack("{s:s?, s:s?, s:o, s:{s:i, s:i}, s:s}", "public_url", site->public_url,
                  "default_domain", core->default_domain, "submission", submission(site),
                  "password", "min_length", (int)site->rules.min_length, "min_score",
                  (int)site->rules.min_score, "version", AUTHD_VERSION);

    exchange_answer(exchange, MHD_HTTP_OK, object);
    json_decref(object);
    json_decref(arguments);
}
