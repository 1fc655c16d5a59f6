/* GET /v1/site: what users enter in their mail programs, what a new password must be, and who needs
 * a second factor. */
#include "http/route_handlers.h"

#include "core/core.h"
#include "credential/factor_rules.h"
#include "credential/password_strength.h"
#include "http/exchange.h"

/* JSON null, where no submission host is configured. */
static json_t *submission(const struct site *site)
{
    if (site->submission_host == NULL) {
        return json_null();
    }
    return json_pack("{s:s, s:i}", "host", site->submission_host, "port",
                     (int)site->submission_port);
}

static json_t *password_rules(const struct password_rules *rules)
{
    return json_pack("{s:i, s:i, s:i}", "min_length", (int)rules->min_length,
                     "min_length_with_factor", (int)rules->min_length_with_factor, "min_score",
                     (int)rules->min_score);
}

static const char *policy_word(enum factor_policy policy)
{
    static const char *const words[] = {
        [FACTOR_OFF] = "off", [FACTOR_OPTIONAL] = "optional", [FACTOR_REQUIRED] = "required"};

    return words[policy];
}

void route_site(struct http_exchange *exchange)
{
    const struct core *core = exchange->exchanges->core;
    const struct site *site = &core->site;
    json_t *arguments = route_arguments(exchange);

    if (arguments == NULL) {
        return;
    }

    json_t *object =
        json_pack("{s:s?, s:s?, s:o, s:o, s:{s:s, s:b}, s:s}", "public_url", site->public_url.text,
                  "default_domain", core->default_domain, "submission", submission(site),
                  "password", password_rules(site->password_rules), "second_factor", "policy",
                  policy_word(site->factor_rules->policy), "inline_codes",
                  site->factor_rules->inline_codes, "version", AUTHD_VERSION);

    http_exchange_answer(exchange, MHD_HTTP_OK, object);
    json_decref(object);
    json_decref(arguments);
}
