/* authctl domain: domains of logins. */
#include "ctl/context.h"
#include "ctl/nouns.h"

static void say_skipped(struct context *context, const json_t *answer)
{
    json_int_t skipped = json_integer_value(json_object_get(answer, "skipped"));

    if (skipped > 0) {
        context_say(context, "skipped: %d users, whose role is not below yours", (int)skipped);
    }
}

static const struct command commands[] = {
    {.verb = "add",
     .arguments = "DOMAIN",
     .min = 1,
     .inputs = INPUTS({OPTION_DESCRIPTION, SHAPE_TEXT, "description", 0},
                      {OPTION_RECIPIENT_DELIMITER, SHAPE_TEXT, "recipient_delimiter", 0}),
     .summary = "add a domain",
     .example = "domain add example.org",
     .method = "POST",
     .path = "/v1/domains",
     .member = "name"},
    {.verb = "list",
     .arguments = "",
     .inputs = INPUTS({OPTION_LIMIT, SHAPE_OWN, NULL, 0}),
     .summary = "list domains",
     .example = "domain list",
     .method = "GET",
     .path = "/v1/domains",
     .output = OUTPUT_LIST},
    {.verb = "show",
     .arguments = "DOMAIN",
     .min = 1,
     .summary = "show a domain",
     .example = "domain show example.org",
     .method = "GET",
     .path = "/v1/domains/{1}"},
    {.verb = "set",
     .arguments = "DOMAIN KEY=VALUE...",
     .min = 2,
     .max = WORDS_MAX,
     .summary = "set description, recipient_delimiter, second_factor (off, optional, required) or "
                "second_factor_from (until this date, required is optional); KEY= clears",
     .example = "domain set example.org second_factor=required "
                "second_factor_from=2027-03-01",
     .method = "PATCH",
     .path = "/v1/domains/{1}",
     .keys = "description recipient_delimiter second_factor second_factor_from"},
    {.verb = "revoke-all",
     .arguments = "DOMAIN",
     .min = 1,
     .summary = "end every credential of every user of a domain; the name must be typed",
     .example = "domain revoke-all example.org --yes",
     .method = "POST",
     .path = "/v1/domains/{1}/revoke-all",
     .output = OUTPUT_CHANGE,
     .severity = SEVERITY_SEVERE,
     .loses = "every main password",
     .done = "all credentials revoked",
     .after = say_skipped},
    {.verb = "delete",
     .arguments = "DOMAIN",
     .min = 1,
     .summary = "delete a domain that has no users",
     .example = "domain delete example.net --yes",
     .method = "DELETE",
     .path = "/v1/domains/{1}",
     .output = OUTPUT_CHANGE,
     .severity = SEVERITY_MODERATE,
     .done = "deleted"},
    {0},
};

const struct noun noun_domain = {"domain", "domains of logins", &columns_domain, commands};
