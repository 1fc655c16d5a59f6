/* authctl: everything an administrator does, over authd's HTTP API and over nothing else. */
#include <curl/curl.h>
#include <locale.h>
#include <stdlib.h>

#include "base/secret.h"
#include "ctl/session.h"

static const char *socket_path(const struct invocation *invocation)
{
    const char *path = invocation->values[OPTION_SOCKET];

    if (path == NULL) {
        path = getenv("AUTHD_SOCKET");
    }
    return path != NULL && path[0] != '\0' ? path : AUTHD_DEFAULT_SOCKET;
}

static int run_help(const struct session *session)
{
    const struct invocation *invocation = session->invocation;

    if (help_print(stdout, invocation->words, invocation->count)) {
        return EXIT_DONE;
    }
    return session_usage(session, "there is no help on that; see authctl help");
}

static int run(const struct invocation *invocation, struct session *session)
{
    if (option_given(invocation, OPTION_VERSION)) {
        puts("authctl " AUTHD_VERSION);
        return EXIT_DONE;
    }
    if (option_given(invocation, OPTION_HELP)) {
        return run_help(session);
    }
    session->client = client_create(socket_path(invocation), invocation->timeout);

    int status = invocation->command->run(session);

    client_destroy(session->client);
    return status;
}

int main(int argc, char **argv)
{
    struct invocation invocation;
    struct err err;

    setlocale(LC_CTYPE, "");
    secret_protect_process();
    curl_global_init(CURL_GLOBAL_DEFAULT);

    bool understood = command_parse(&invocation, argc, argv, &err);
    struct session session = {
        .invocation = &invocation,
        .json = option_given(&invocation, OPTION_JSON),
        .width = print_width(stdout),
    };
    int status = understood ? run(&invocation, &session) : session_usage(&session, err.text);

    curl_global_cleanup();
    /* A fact that could not be written was not told. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        session_say(&session, "cannot write to standard output%s",
                    session.changed ? "; the change was made" : "");
        return status == EXIT_DONE ? EXIT_TEMPORARY : status;
    }
    return status;
}
