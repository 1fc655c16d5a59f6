/* authctl app-password: passwords for one device or program each. The secret is displayed once,
 * with the settings that a mail program needs. */
#include "base/program.h"
#include "base/rfc3339.h"
#include "ctl/nouns.h"
#include "ctl/relative_time.h"
#include "ctl/run.h"

/* Says "server mail.example.org port 587 STARTTLS user alice@example.org". */
static void say_settings(struct context *context, const char *user)
{
    json_t *site = context_get_optional(context, "/v1/site");
    const json_t *submission = json_object_get(site, "submission");
    const char *host = json_string_value(json_object_get(submission, "host"));
    json_int_t port = json_integer_value(json_object_get(submission, "port"));

    if (host != NULL) {
        context_say(context, "  server %s  port %d  %s  user %s", host, (int)port,
                    port == 465 ? "TLS" : "STARTTLS", user);
    } else {
        context_say(context, "  user %s", user);
    }
    json_decref(site);
}

static void say_use(struct context *context, const char *user)
{
    context_say(
        context,
        "Displayed once. Any program that has it can send mail as %s without a code, within "
        "its rules.",
        user);
    say_settings(context, user);
}

static void say_made(struct context *context, const json_t *made)
{
    const char *user = json_string_value(json_object_get(made, "user"));
    const char *id = json_string_value(json_object_get(made, "id"));

    if (context->json || context->dry_run || user == NULL || id == NULL) {
        return;
    }
    say_use(context, user);
    context_say(context, "undo: %s app-password revoke %s k%s", program_name(), user, id);
}

static void say_rotated(struct context *context, const json_t *rotated)
{
    const char *user = json_string_value(json_object_get(rotated, "user"));
    const char *until = json_string_value(json_object_get(rotated, "old_until"));

    if (context->json || context->dry_run || user == NULL) {
        return;
    }
    say_use(context, user);
    if (until != NULL) {
        context_say(context, "The old secret works until %s.", until);
    } else {
        context_say(context, "The old secret works no more.");
    }
}

/* Says how many app passwords expire soon, and how to rotate the first of them. */
static void say_expiring(struct context *context, const json_t *items)
{
    const json_t *soonest = NULL;
    size_t count = 0;
    size_t i;
    json_t *item;

    if (context->width == 0 || context->json) {
        return;
    }
    json_array_foreach((json_t *)items, i, item)
    {
        const char *text = json_string_value(json_object_get(item, "expires_at"));
        int64_t at;

        if (text != NULL && rfc3339_parse(span_of(text), &at) && at > context->view.now &&
            at - context->view.now < TIME_SOON) {
            soonest = soonest != NULL ? soonest : item;
            count++;
        }
    }
    if (count > 0) {
        context_say(context, "%zu expire%s within 14 days: %s app-password rotate %s k%s", count,
                    count == 1 ? "s" : "", program_name(), context->invocation->words[0],
                    json_string_value(json_object_get(soonest, "id")));
    }
}

static const struct command commands[] = {
    {.verb = "add",
     .arguments = "USER",
     .min = 1,
     .inputs =
         INPUTS({OPTION_LABEL, SHAPE_TEXT, "label", INPUT_REQUIRED},
                {OPTION_EXPIRES, SHAPE_EXPIRY, NULL, 0}, {OPTION_SCOPE, SHAPE_DOCUMENT, "scope", 0},
                {OPTION_SLIDING, SHAPE_FLAG, "sliding", 0}),
     .summary = "make an app password for one device or program; its secret is displayed once",
     .example = "app-password add alice@example.org --label Scanner --expires 90d",
     .method = "POST",
     .path = "/v1/users/{1}/app-passwords",
     .output = OUTPUT_SECRET,
     .after = say_made},
    {.verb = "list",
     .arguments = "USER",
     .min = 1,
     .inputs = INPUTS({OPTION_EXPIRED, SHAPE_FLAG, "expired", 0},
                      {OPTION_LIMIT, SHAPE_OWN, NULL, 0}, {OPTION_MATCH, SHAPE_TEXT, "match", 0}),
     .summary = "list a user's app passwords",
     .example = "app-password list alice@example.org",
     .method = "GET",
     .path = "/v1/users/{1}/app-passwords",
     .output = OUTPUT_LIST,
     .after = say_expiring},
    {.verb = "show",
     .arguments = "USER ID",
     .min = 2,
     .summary = "show an app password",
     .example = "app-password show alice@example.org k7",
     .method = "GET",
     .path = "/v1/users/{1}/app-passwords/{2#}"},
    {.verb = "set",
     .arguments = "USER ID",
     .min = 2,
     .inputs = INPUTS(
         {OPTION_EXPIRES, SHAPE_EXPIRY, NULL, 0}, {OPTION_LABEL, SHAPE_TEXT, "label", 0},
         {OPTION_SCOPE, SHAPE_DOCUMENT, "scope", 0}, {OPTION_SLIDING, SHAPE_FLAG, "sliding", 0}),
     .summary = "change label, expiry or scope of an app password; the secret stays",
     .example = "app-password set alice@example.org k7 --expires 2027-01-31T00:00:00Z",
     .method = "PATCH",
     .path = "/v1/users/{1}/app-passwords/{2#}"},
    {.verb = "rotate",
     .arguments = "USER ID",
     .min = 2,
     .inputs = INPUTS({OPTION_OVERLAP, SHAPE_SECONDS, "overlap", 0}),
     .summary = "give an app password a new secret; the old one still works for the overlap",
     .example = "app-password rotate alice@example.org k7 --overlap 1h",
     .method = "POST",
     .path = "/v1/users/{1}/app-passwords/{2#}/rotate",
     .output = OUTPUT_SECRET,
     .after = say_rotated},
    {.verb = "revoke",
     .arguments = "USER ID",
     .min = 2,
     .summary = "end an app password now, on every connection",
     .example = "app-password revoke alice@example.org k7 --yes",
     .method = "DELETE",
     .path = "/v1/users/{1}/app-passwords/{2#}",
     .output = OUTPUT_CHANGE,
     .severity = SEVERITY_MODERATE,
     .done = "revoked"},
    {0},
};

const struct noun noun_app_password = {"app-password", "passwords for one device or program each",
                                       &columns_app_password, commands};
