/* authctl scope: the sending scope of a user, a domain, a class, or the whole site. */
#include "ctl/nouns.h"
#include "ctl/run.h"

static void say_fine(struct context *context, const json_t *answer)
{
    (void)answer;
    context_say(context, "%s is a good scope document", context->invocation->words[0]);
}

/* Checks a scope document by a dry run of `scope set`. */
static int check(struct context *context)
{
    context->dry_run = true;
    return run_command(context);
}

static const struct command commands[] = {
    {.verb = "get",
     .arguments = "USER|domain:D|class:C|site",
     .min = 1,
     .summary = "print a scope document, as a file could hold it",
     .example = "scope get domain:example.org >scope.json",
     .method = "GET",
     .path = "{1@}/scope",
     .output = OUTPUT_DOCUMENT},
    {.verb = "set",
     .arguments = "USER|domain:D|class:C|site FILE",
     .min = 2,
     .summary = "put a scope document into force; - is standard input",
     .example = "scope set alice@example.org scope.json",
     .method = "PUT",
     .path = "{1@}/scope",
     .member = "",
     .output = OUTPUT_CHANGE,
     .done = "in force"},
    {.verb = "check",
     .arguments = "FILE [USER|domain:D|class:C|site]",
     .min = 1,
     .max = 2,
     .summary = "check a scope document for a level, or for the site if none is given",
     .example = "scope check scope.json alice@example.org",
     .run = check,
     .method = "PUT",
     .path = "{2@}/scope",
     .member = "",
     .output = OUTPUT_DOCUMENT,
     .after = say_fine},
    {.verb = "clear",
     .arguments = "USER|domain:D|class:C|site",
     .min = 1,
     .summary = "remove the scope document of a level, and with it the restrictions",
     .example = "scope clear class:scanners --yes",
     .method = "DELETE",
     .path = "{1@}/scope",
     .output = OUTPUT_CHANGE,
     .severity = SEVERITY_MODERATE,
     .done = "no restrictions of its own"},
    {0},
};

const struct noun noun_scope = {"scope", "rules of sending, on four levels", &columns_scope,
                                commands};
