/* authctl password: the main password of a user. */
#include <string.h>

#include "ctl/nouns.h"
#include "ctl/run.h"
#include "ctl/show.h"

/* Says what to do about each flaw. */
static void say_flaws(const struct context *context, const json_t *flaws)
{
    static const char *const advice[][2] = {
        {"too-short", "make it longer: four or five words that do not belong together"},
        {"too-long", "a password has at most 1024 octets"},
        {"own-name", "leave out the user's own names and domain"},
        {"known-words", "leave out words that everybody here knows"},
        {"easy-to-guess",
         "avoid common passwords and keyboard patterns: take words that do not belong together"},
        {"not-allowed", "it ends in $ or looks like an app password"},
    };

    for (size_t i = 0; i < json_array_size(flaws); i++) {
        const char *flaw = json_string_value(json_array_get(flaws, i));

        for (size_t j = 0; flaw != NULL && j < sizeof(advice) / sizeof(advice[0]); j++) {
            if (strcmp(advice[j][0], flaw) == 0) {
                context_say(context, "%s: %s", flaw, advice[j][1]);
            }
        }
    }
}

/* Ends with 0 for a weak password, too: the question was answered. With --exit-status a weak
 * password ends with 1. */
static int strength(struct context *context)
{
    struct request request;
    json_t *answer = NULL;
    int status;

    if (run_prepare(context, &request, &status)) {
        answer = context_call(context, "POST", &request.path, request.body, &status);
    }
    request_finish(&request);
    if (answer == NULL) {
        return status;
    }
    show_object(context, &columns_password_strength, answer);
    fflush(stdout);
    say_flaws(context, json_object_get(answer, "flaws"));
    if (option_given(context->invocation, OPTION_EXIT_STATUS) &&
        !json_is_true(json_object_get(answer, "acceptable"))) {
        status = EXIT_REFUSED;
    }
    json_decref(answer);
    return status;
}

static const struct command commands[] = {
    {.verb = "set",
     .arguments = "USER",
     .min = 1,
     .inputs = INPUTS({OPTION_KEEP_CREDENTIALS, SHAPE_FLAG, "keep_credentials", 0},
                      {OPTION_PASSWORD_STDIN, SHAPE_SECRET, "password", INPUT_REQUIRED}),
     .summary = "set a user's main password, which a terminal asks for; ends the user's app "
                "passwords and sessions",
     .example = "password set alice@example.org --password-stdin <file",
     .method = "PUT",
     .path = "/v1/users/{1}/password",
     .output = OUTPUT_CHANGE,
     .done = "password set"},
    {.verb = "clear",
     .arguments = "USER",
     .min = 1,
     .summary = "leave a user without a main password",
     .example = "password clear alice@example.org --yes",
     .method = "DELETE",
     .path = "/v1/users/{1}/password",
     .output = OUTPUT_CHANGE,
     .severity = SEVERITY_MODERATE,
     .loses = "the main password",
     .done = "password cleared"},
    {.verb = "strength",
     .arguments = "USER",
     .min = 1,
     .inputs =
         INPUTS({OPTION_EXIT_STATUS, SHAPE_OWN, NULL, 0},
                {OPTION_PASSWORD_STDIN, SHAPE_SECRET, "password", INPUT_REQUIRED | INPUT_ONCE}),
     .summary = "say if a password would be accepted for a user; nothing is stored",
     .example = "password strength alice@example.org",
     .run = strength,
     .method = "POST",
     .path = "/v1/users/{1}/password-strength",
     .columns = &columns_password_strength},
    {0},
};

const struct noun noun_password = {"password", "a user's main password", &columns_user, commands};
