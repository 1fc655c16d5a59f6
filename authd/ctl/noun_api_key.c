/* authctl api-key: keys of programs that call the API. */
#include "base/program.h"
#include "ctl/nouns.h"
#include "ctl/run.h"

static void say_made(struct context *context, const json_t *made)
{
    const char *id = json_string_value(json_object_get(made, "id"));

    if (context->json || context->dry_run || id == NULL) {
        return;
    }
    context_say(context,
                "The key is displayed once. Keep it in a file that only the program can read:");
    context_say(context, "  %s --url https://... --token-file FILE user list", program_name());
    context_say(context, "undo: %s api-key revoke %s", program_name(), id);
}

static const struct command commands[] = {
    {.verb = "add",
     .arguments = "",
     .min = 0,
     .inputs =
         INPUTS({OPTION_LABEL, SHAPE_TEXT, "label", INPUT_REQUIRED},
                {OPTION_DOMAIN, SHAPE_TEXTS, "domains", 0}, {OPTION_EXPIRES, SHAPE_EXPIRY, NULL, 0},
                {OPTION_RIGHT, SHAPE_TEXTS, "rights", 0}),
     .summary =
         "make an API key, which may only read unless rights are given; its secret is displayed "
         "once",
     .example = "api-key add --label backup --right \"*:read\" --expires 90d",
     .method = "POST",
     .path = "/v1/api-keys",
     .output = OUTPUT_SECRET,
     .after = say_made},
    {.verb = "list",
     .arguments = "",
     .inputs = INPUTS({OPTION_LIMIT, SHAPE_OWN, NULL, 0}),
     .summary = "list API keys",
     .example = "api-key list",
     .method = "GET",
     .path = "/v1/api-keys",
     .output = OUTPUT_LIST},
    {.verb = "show",
     .arguments = "ID",
     .min = 1,
     .summary = "show an API key",
     .example = "api-key show 3",
     .method = "GET",
     .path = "/v1/api-keys/{1}"},
    {.verb = "set",
     .arguments = "ID",
     .min = 1,
     .inputs =
         INPUTS({OPTION_DOMAIN, SHAPE_TEXTS, "domains", 0}, {OPTION_EXPIRES, SHAPE_EXPIRY, NULL, 0},
                {OPTION_LABEL, SHAPE_TEXT, "label", 0}, {OPTION_RIGHT, SHAPE_TEXTS, "rights", 0}),
     .summary = "change label, rights, domains or expiry of an API key; the secret stays",
     .example = "api-key set 3 --expires 90d",
     .method = "PATCH",
     .path = "/v1/api-keys/{1}"},
    {.verb = "revoke",
     .arguments = "ID",
     .min = 1,
     .summary = "end an API key now",
     .example = "api-key revoke 3 --yes",
     .method = "DELETE",
     .path = "/v1/api-keys/{1}",
     .output = OUTPUT_CHANGE,
     .severity = SEVERITY_MODERATE,
     .done = "revoked"},
    {0},
};

const struct noun noun_api_key = {"api-key", "keys of programs that call the API", &columns_api_key,
                                  commands};
