/* authctl user: users who may log in. */
#include "base/program.h"
#include "ctl/nouns.h"
#include "ctl/run.h"

static void say_added(struct context *context, const json_t *user)
{
    const char *login = json_string_value(json_object_get(user, "login"));

    if (json_is_true(json_object_get(user, "domain_created"))) {
        context_say(context, "the domain %s is new",
                    json_string_value(json_object_get(user, "domain")));
    }
    if (!json_is_true(json_object_get(user, "has_password")) &&
        !json_is_true(json_object_get(user, "service")) && !context->dry_run) {
        context_say(context, "no password yet: %s password set %s", program_name(), login);
    }
}

/* A raise of role or domains has ended everything that the user could sign in with. Only the answer
 * to a raise counts tickets. */
static void say_raised(struct context *context, const json_t *user)
{
    const char *login = json_string_value(json_object_get(user, "login"));

    if (json_object_get(json_object_get(user, "ended"), "tickets") != NULL) {
        context_say(context,
                    "the higher role takes effect after a new password and a second factor: "
                    "%1$s password set %2$s; %1$s totp ticket %2$s",
                    program_name(), login);
    }
}

static void say_undo(struct context *context, const json_t *user)
{
    if (!json_is_false(json_object_get(user, "changed")) && !context->dry_run) {
        context_say(context, "undo: %s user resume %s", program_name(),
                    json_string_value(json_object_get(user, "login")));
    }
}

static void say_revoked(struct context *context, const json_t *user)
{
    if (!context->dry_run) {
        context_say(context, "The user stays. A new password: %s password set %s", program_name(),
                    json_string_value(json_object_get(user, "login")));
    }
}

static const struct command commands[] = {
    {.verb = "add",
     .arguments = "LOGIN",
     .min = 1,
     .inputs = INPUTS(
         {OPTION_ADDRESS, SHAPE_TEXTS, "addresses", 0}, {OPTION_CLASS, SHAPE_TEXT, "class", 0},
         {OPTION_DISPLAY_NAME, SHAPE_TEXT, "display_name", 0},
         {OPTION_DOMAIN, SHAPE_TEXTS, "domains", 0},
         {OPTION_PASSWORD_STDIN, SHAPE_SECRET, "password", 0},
         {OPTION_RECOVERY_ADDRESS, SHAPE_TEXT, "recovery_address", 0},
         {OPTION_ROLE, SHAPE_TEXT, "role", 0}, {OPTION_SERVICE, SHAPE_FLAG, "service", 0}),
     .summary = "add a user, and its domain if that is new",
     .example = "user add alice@example.org --password-stdin <file",
     .method = "POST",
     .path = "/v1/users",
     .member = "login",
     .after = say_added},
    {.verb = "list",
     .arguments = "",
     .inputs = INPUTS(
         {OPTION_CLASS, SHAPE_TEXT, "class", 0}, {OPTION_DOMAIN, SHAPE_TEXT, "domain", 0},
         {OPTION_LIMIT, SHAPE_OWN, NULL, 0}, {OPTION_MATCH, SHAPE_TEXT, "match", 0},
         {OPTION_ROLE, SHAPE_TEXT, "role", 0}, {OPTION_SERVICE, SHAPE_FLAG, "service", 0},
         {OPTION_SORT, SHAPE_TEXT, "sort", 0}, {OPTION_SUSPENDED, SHAPE_FLAG, "suspended", 0},
         {OPTION_UNUSED, SHAPE_DAYS, "unused_days", 0},
         {OPTION_WITHOUT_FACTOR, SHAPE_FLAG, "without_factor", 0},
         {OPTION_WITHOUT_PASSWORD, SHAPE_FLAG, "without_password", 0}),
     .summary = "list users",
     .example = "user list --unused 90d --domain example.org",
     .method = "GET",
     .path = "/v1/users",
     .output = OUTPUT_LIST},
    {.verb = "show",
     .arguments = "USER",
     .min = 1,
     .summary = "show a user, by login or id",
     .example = "user show alice@example.org",
     .method = "GET",
     .path = "/v1/users/{1}"},
    {.verb = "set",
     .arguments = "USER KEY=VALUE...",
     .min = 2,
     .max = WORDS_MAX,
     .summary = "set display_name, recovery_address, role, class, domains (a domain-admin's, "
                "with commas) or second_factor (off, optional, required); KEY= clears",
     .example = "user set alice@example.org display_name=\"Alice Adams\" role=helpdesk",
     .method = "PATCH",
     .path = "/v1/users/{1}",
     .keys = "class display_name domains[] recovery_address role second_factor",
     .after = say_raised},
    {.verb = "rename",
     .arguments = "OLD NEW",
     .min = 2,
     .summary = "give a user another login; passwords stay",
     .example = "user rename alice@example.org alice.adams@example.org",
     .method = "PATCH",
     .path = "/v1/users/{1}",
     .member = "login",
     .output = OUTPUT_CHANGE,
     .done = "is the new login of {1}",
     .after = say_raised},
    {.verb = "suspend",
     .arguments = "USER",
     .min = 1,
     .inputs = INPUTS({OPTION_REASON, SHAPE_TEXT, "reason", 0}),
     .summary = "refuse all logins of a user, until user resume",
     .example = "user suspend alice@example.org --reason \"sends spam\"",
     .method = "POST",
     .path = "/v1/users/{1}/suspend",
     .output = OUTPUT_CHANGE,
     .done = "suspended",
     .after = say_undo},
    {.verb = "resume",
     .arguments = "USER",
     .min = 1,
     .summary = "let a suspended user in again",
     .example = "user resume alice@example.org",
     .method = "POST",
     .path = "/v1/users/{1}/resume",
     .output = OUTPUT_CHANGE,
     .done = "resumed"},
    {.verb = "export",
     .arguments = "USER",
     .min = 1,
     .summary = "print all that is stored about a user, without hashes and keys",
     .example = "user export alice@example.org >alice.json",
     .method = "GET",
     .path = "/v1/users/{1}/export",
     .output = OUTPUT_DOCUMENT},
    {.verb = "delete",
     .arguments = "USER",
     .min = 1,
     .summary = "delete a user for good; asks first, unless --yes is given",
     .example = "user delete alice@example.org --yes",
     .method = "DELETE",
     .path = "/v1/users/{1}",
     .output = OUTPUT_CHANGE,
     .severity = SEVERITY_MODERATE,
     .done = "deleted"},
    {.verb = "revoke-all",
     .arguments = "USER",
     .min = 1,
     .summary = "end all app passwords, sessions, API keys and reset links of a user, and clear "
                "the main password",
     .example = "user revoke-all alice@example.org --yes",
     .method = "POST",
     .path = "/v1/users/{1}/revoke-all",
     .output = OUTPUT_CHANGE,
     .severity = SEVERITY_MODERATE,
     .loses = "the main password",
     .done = "all credentials revoked",
     .after = say_revoked},
    {.verb = "reset-link",
     .arguments = "USER",
     .min = 1,
     .inputs = INPUTS({OPTION_KEEP_CREDENTIALS, SHAPE_FLAG, "keep_credentials", 0}),
     .summary = "mail a link for a new password to the user's recovery address; it works once",
     .example = "user reset-link alice@example.org",
     .method = "POST",
     .path = "/v1/users/{1}/reset-link",
     .columns = &columns_reset_link},
    {0},
};

const struct noun noun_user = {"user", "who may log in", &columns_user, commands};
