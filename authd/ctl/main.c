/* authctl does everything that an administrator does, through authd's HTTP API and nothing else. */
#include <curl/curl.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/program.h"
#include "base/secret.h"
#include "ctl/help.h"
#include "ctl/prompt.h"
#include "ctl/run.h"

#define PROGRAM "smtp-authctl" /* as it is installed */

static const char *socket_path(const struct invocation *invocation)
{
    const char *path = option_value(invocation, OPTION_SOCKET);

    if (path == NULL) {
        path = getenv("AUTHD_SOCKET");
    }
    return path != NULL && path[0] != '\0' ? path : AUTHD_DEFAULT_SOCKET;
}

static int run_help(const struct session *session)
{
    const struct invocation *invocation = session->invocation;
    struct err err;

    if (help_print(stdout, invocation->words, invocation->count)) {
        return EXIT_DONE;
    }
    err_set(&err, "there is no help on that; see %s help", program_name());
    return session_usage(session, err.text);
}

static void say_target(const struct session *session, const struct client_target *target)
{
    if (target->url == NULL) {
        session_say(session, "authd at %s, as uid %ld", target->socket, (long)geteuid());
    } else if (target->token_file != NULL) {
        session_say(session, "authd at %s, with the key in %s", target->url, target->token_file);
    } else {
        session_say(session, "authd at %s, without a key", target->url);
    }
}

static int run(const struct invocation *invocation, struct session *session)
{
    const struct client_target target = {
        .socket = socket_path(invocation),
        .url = option_value(invocation, OPTION_URL),
        .token_file = option_value(invocation, OPTION_TOKEN_FILE),
        .cacert = option_value(invocation, OPTION_CACERT),
        .timeout = invocation->timeout,
    };
    struct err err;
    int status;

    if (option_given(invocation, OPTION_VERSION)) {
        puts(PROGRAM " " AUTHD_VERSION);
        return EXIT_DONE;
    }
    if (option_given(invocation, OPTION_HELP)) {
        return run_help(session);
    }
    session->client = client_create(&target, &err);
    if (session->client == NULL) {
        return session_usage(session, err.text);
    }
    if (option_given(invocation, OPTION_VERBOSE)) {
        say_target(session, &target);
    }
    status =
        invocation->command->run != NULL ? invocation->command->run(session) : run_command(session);
    client_destroy(session->client);
    return status;
}

/* A command line without arguments gets the list of nouns and verbs instead of an error
 * sentence. */
static int misunderstood(const struct session *session, int argc, const char *text)
{
    if (argc < 2) {
        help_print(stderr, NULL, 0);
        return EXIT_USAGE;
    }
    return session_usage(session, text);
}

static struct session session_of(const struct invocation *invocation)
{
    struct session session = {
        .invocation = invocation,
        .json = option_given(invocation, OPTION_JSON),
        .width = print_width(stdout),
        .input = prompt_possible() && !option_given(invocation, OPTION_NO_INPUT),
        .dry_run = option_given(invocation, OPTION_DRY_RUN),
    };

    session.terminal = session.width > 0;
    if (option_given(invocation, OPTION_PLAIN)) {
        session.width = 0;
    } else if (option_given(invocation, OPTION_WIDE)) {
        session.width = PRINT_UNCUT;
    }
    session.view.people = session.width > 0;
    session.view.now = time(NULL);
    return session;
}

int main(int argc, char **argv)
{
    static struct invocation invocation;
    struct session session;
    struct err err;
    int status;

    program_set(argv[0], PROGRAM);
    setlocale(LC_CTYPE, "");
    secret_protect_process();
    curl_global_init(CURL_GLOBAL_DEFAULT);

    bool understood = command_parse(&invocation, argc, argv, &err);

    session = session_of(&invocation);
    status = understood ? run(&invocation, &session) : misunderstood(&session, argc, err.text);
    curl_global_cleanup();
    /* Output that could not be written is a failure, even when authd's answer was good. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        session_say(&session, "%s: cannot write to standard output%s", program_name(),
                    session.changed ? "; the change was made" : "");
        return status == EXIT_DONE ? EXIT_TEMPORARY : status;
    }
    return status;
}
