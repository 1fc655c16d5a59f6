/* authctl key: the keys that are kept outside the database. */
#include <string.h>

#include "base/program.h"
#include "ctl/nouns.h"
#include "ctl/run.h"

static void say_rotated(struct context *context, const json_t *made)
{
    const char *purpose = json_string_value(json_object_get(made, "purpose"));

    if (context->json || context->dry_run || purpose == NULL) {
        return;
    }
    if (!json_is_true(json_object_get(made, "current"))) {
        context_say(context,
                    "The new key is not used yet. Copy the file %s to the other nodes, send authd "
                    "there SIGHUP, then:",
                    purpose);
        context_say(context, "  %s key rotate %s", program_name(), purpose);
        return;
    }
    context_say(
        context,
        strcmp(purpose, "encryption") == 0
            ? "authd now encrypts all stored hashes and seeds under the new key."
            : "Each app password and API key changes to the new pepper when it is next used.");
    context_say(context,
                "Back up the key files now. When `%s key list` says 0 for the old key, you may "
                "remove its line from the file.",
                program_name());
}

static const struct command commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "list the keys of the key files, and how many rows need each",
     .example = "key list",
     .method = "GET",
     .path = "/v1/keys",
     .output = OUTPUT_LIST},
    {.verb = "rotate",
     .arguments = "encryption|pepper",
     .min = 1,
     .inputs = INPUTS({OPTION_PREPARE, SHAPE_FLAG, "prepare", 0}),
     .summary =
         "make a new key that replaces the current one; the old one stays valid for what it made",
     .example = "key rotate encryption",
     .method = "POST",
     .path = "/v1/keys/{1}/rotate",
     .severity = SEVERITY_MODERATE,
     .loses = "with a new pepper every session, reset link and enrolment ticket",
     .after = say_rotated},
    {0},
};

const struct noun noun_key = {"key", "keys that are kept outside the database", &columns_key,
                              commands};
