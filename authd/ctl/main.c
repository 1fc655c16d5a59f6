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
#include "ctl/table.h"

#define PROGRAM "smtp-authctl" /* as it is installed */

static const char *socket_path(const struct invocation *invocation)
{
    const char *path = option_value(invocation, OPTION_SOCKET);

    if (path == NULL) {
        path = getenv("AUTHD_SOCKET");
    }
    return path != NULL && path[0] != '\0' ? path : AUTHD_DEFAULT_SOCKET;
}

static int run_version(const struct context *context)
{
    json_t *version;

    if (context->json) {
        version = json_pack("{s:s}", "version", AUTHD_VERSION);
        print_json(stdout, version);
        json_decref(version);
    } else {
        puts(PROGRAM " " AUTHD_VERSION);
    }
    return EXIT_DONE;
}

static bool print_help(const struct context *context)
{
    const struct invocation *invocation = context->invocation;
    json_t *help;

    if (!context->json) {
        return help_print(stdout, invocation->words, invocation->count);
    }
    help = help_json(invocation->words, invocation->count);
    if (help != NULL) {
        print_json(stdout, help);
    }
    json_decref(help);
    return help != NULL;
}

static int run_help(const struct context *context)
{
    struct err err;

    if (print_help(context)) {
        return EXIT_DONE;
    }
    err_set(&err, "there is no help on that; see %s help", program_name());
    return context_usage(context, err.text);
}

static void say_target(const struct context *context, const struct client_target *target)
{
    if (target->url == NULL) {
        context_say(context, "authd at %s, as uid %ld", target->socket, (long)geteuid());
    } else if (target->token_file != NULL) {
        context_say(context, "authd at %s, with the key in %s", target->url, target->token_file);
    } else {
        context_say(context, "authd at %s, without a key", target->url);
    }
}

static int run(const struct invocation *invocation, struct context *context)
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
        return run_version(context);
    }
    if (option_given(invocation, OPTION_HELP)) {
        return run_help(context);
    }
    context->client = client_create(&target, &err);
    if (context->client == NULL) {
        return context_usage(context, err.text);
    }
    if (option_given(invocation, OPTION_VERBOSE)) {
        say_target(context, &target);
    }
    status =
        invocation->command->run != NULL ? invocation->command->run(context) : run_command(context);
    client_destroy(context->client);
    return status;
}

/* A command line without arguments gets the list of nouns and verbs instead of an error
 * sentence. */
static int misunderstood(const struct context *context, int argc, const char *text)
{
    if (argc < 2) {
        help_print(stderr, NULL, 0);
        return EXIT_USAGE;
    }
    return context_usage(context, text);
}

static struct context context_of(const struct invocation *invocation)
{
    struct context context = {
        .invocation = invocation,
        .json = option_given(invocation, OPTION_JSON),
        .width = print_width(stdout),
        .input = prompt_possible() && !option_given(invocation, OPTION_NO_INPUT),
        .dry_run = option_given(invocation, OPTION_DRY_RUN),
    };

    context.terminal = context.width > 0;
    if (option_given(invocation, OPTION_PLAIN)) {
        context.width = 0;
    } else if (option_given(invocation, OPTION_WIDE)) {
        context.width = TABLE_UNCUT;
    }
    context.view.people = context.width > 0;
    context.view.now = time(NULL);
    return context;
}

int main(int argc, char **argv)
{
    static struct invocation invocation;
    struct context context;
    struct err err;
    int status;

    program_set(argv[0], PROGRAM);
    setlocale(LC_CTYPE, "");
    secret_protect_process();
    curl_global_init(CURL_GLOBAL_DEFAULT);

    bool understood = command_parse(&invocation, argc, argv, &err);

    context = context_of(&invocation);
    status = understood ? run(&invocation, &context) : misunderstood(&context, argc, err.text);
    curl_global_cleanup();
    /* Output that could not be written is a failure, even when authd's answer was good. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        context_say(&context, "%s: cannot write to standard output%s", program_name(),
                    context.changed ? "; the change was made" : "");
        return status == EXIT_DONE ? EXIT_TEMPORARY : status;
    }
    return status;
}
