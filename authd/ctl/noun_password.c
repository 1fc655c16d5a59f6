/* authctl password: the main password of a user. */
#include "ctl/nouns.h"
#include "ctl/run.h"
#include "ctl/show.h"

/* A verdict is an answer: 0, unless the status is wanted as one. */
static int check(struct session *session)
{
    struct request request;
    json_t *answer = NULL;
    int status;

    if (run_prepare(session, &request, &status)) {
        answer = session_call(session, "POST", &request.path, request.body, &status);
    }
    request_finish(&request);
    if (answer == NULL) {
        return status;
    }
    show_object(session, &kind_strength, answer);
    if (option_given(session->invocation, OPTION_EXIT_STATUS) &&
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
     .summary = "set a user's main password, on a terminal it is asked for; ends the user's app "
                "passwords and sessions",
     .example = "authctl password set alice@example.org --password-stdin <file",
     .method = "PUT",
     .path = "/v1/users/{1}/password",
     .result = RESULT_CHANGE,
     .done = "password set"},
    {.verb = "clear",
     .arguments = "USER",
     .min = 1,
     .summary = "leave a user without a main password",
     .example = "authctl password clear alice@example.org --yes",
     .method = "DELETE",
     .path = "/v1/users/{1}/password",
     .result = RESULT_CHANGE,
     .severity = SEVERITY_MODERATE,
     .loses = "the main password",
     .done = "password cleared"},
    {.verb = "check",
     .arguments = "USER",
     .min = 1,
     .inputs =
         INPUTS({OPTION_EXIT_STATUS, SHAPE_OWN, NULL, 0},
                {OPTION_PASSWORD_STDIN, SHAPE_SECRET, "password", INPUT_REQUIRED | INPUT_ONCE}),
     .summary = "say whether a password would do for a user; nothing is stored",
     .example = "authctl password check alice@example.org",
     .run = check,
     .method = "POST",
     .path = "/v1/users/{1}/password-strength",
     .kind = &kind_strength},
    {0},
};

const struct noun noun_password = {"password", "a user's main password", &kind_user, commands};
