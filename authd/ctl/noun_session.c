/* authctl session: the browsers in which a user is signed in. */
#include "ctl/nouns.h"

static const struct command commands[] = {
    {.verb = "list",
     .arguments = "USER",
     .min = 1,
     .summary = "list a user's signed-in browsers",
     .example = "session list alice@example.org",
     .method = "GET",
     .path = "/v1/users/{1}/sessions",
     .output = OUTPUT_LIST},
    {.verb = "revoke",
     .arguments = "USER ID",
     .min = 2,
     .summary = "sign a browser out",
     .example = "session revoke alice@example.org 12",
     .method = "DELETE",
     .path = "/v1/users/{1}/sessions/{2}",
     .output = OUTPUT_CHANGE,
     .done = "signed out"},
    {0},
};

const struct noun noun_session = {"session", "signed-in browsers", &columns_session, commands};
