/* authctl completion: the shell asks authctl which words may come next. Completion and manual page
 * are those of the program under the name by which it was called.
 *
 * Threat: a login that the shell would run as a command. A name from authd is offered only if every
 * character of the name is harmless to the shell. */
#include <stdlib.h>
#include <string.h>

#include "base/program.h"
#include "ctl/complete.h"
#include "ctl/help.h"
#include "ctl/nouns.h"
#include "ctl/run.h"

/* Prints a text as it is or, with --json, as {text}. */
static int show_text(const struct context *context, void (*write)(FILE *out))
{
    char *text = NULL;
    size_t size = 0;
    json_t *value;
    FILE *out;

    if (!context->json) {
        write(stdout);
        return EXIT_DONE;
    }
    out = open_memstream(&text, &size);
    if (out == NULL) {
        abort(); /* no memory */
    }
    write(out);
    fclose(out);
    value = json_pack("{s:s}", "text", text);
    print_json(stdout, value);
    json_decref(value);
    free(text);
    return EXIT_DONE;
}

static void write_bash(FILE *out)
{
    fprintf(out, "# Completion of %1$s for bash: made by \"%1$s completion bash\".\n",
            program_name());
    fputs("_smtp_authctl()\n"
          "{\n"
          "    local line=${COMP_LINE:0:COMP_POINT} words word\n"
          "    read -ra words <<<\"$line\"\n"
          "    [[ $line == *[[:space:]] ]] && words+=(\"\")\n"
          "    word=${words[-1]}\n"
          "    # bash replaces only what follows the last of its word breaks\n"
          "    local kept=${word%\"${word##*[@:=]}\"} candidate\n"
          "    COMPREPLY=()\n"
          "    while IFS= read -r candidate; do\n"
          "        COMPREPLY+=(\"${candidate#\"$kept\"}\")\n"
          "    done < <(\"${words[0]}\" completion words --timeout 2s -- \"${words[@]:1}\" "
          "2>/dev/null)\n"
          "}\n",
          out);
    fprintf(out, "complete -o default -F _smtp_authctl %s\n", program_name());
}

static int print_bash(struct context *context)
{
    return show_text(context, write_bash);
}

static int print_manual(struct context *context)
{
    return show_text(context, help_manual);
}

/* ---- words --------------------------------------------------------------------------------- */

/* The argument of complete_words(). */
struct offer {
    struct context *context;
    json_t *words; /* the words for --json; NULL: each word is printed at once */
};

static void offer_word(void *arg, const char *word)
{
    const struct offer *offer = arg;

    if (offer->words != NULL) {
        json_array_append_new(offer->words, json_string(word));
    } else {
        puts(word);
    }
}

static void offer_names(struct offer *offer, const json_t *list, const char *prefix,
                        const char *member, const char *typed)
{
    size_t i;
    json_t *item;

    json_array_foreach(json_object_get(list, "items"), i, item)
    {
        const char *name = json_string_value(json_object_get(item, member));

        if (name != NULL && complete_is_plain(name) && strncmp(name, typed, strlen(typed)) == 0) {
            struct buf word;

            buf_init(&word, PATH_MAX_LENGTH);
            buf_printf(&word, "%s%s", prefix, name);
            buf_append(&word, "", 1);
            offer_word(offer, word.data);
            buf_finish(&word);
        }
    }
}

static void ask_authd(struct complete *complete, const char *placeholder, const char *typed)
{
    static const struct {
        const char *placeholder;
        const char *prefix;
        const char *path;
        const char *member;
    } sources[] = {
        {"USER", "", "/v1/users?limit=50", "login"},
        {"OLD", "", "/v1/users?limit=50", "login"},
        {"USER|domain:D|class:C|site", "", "/v1/users?limit=50", "login"},
        {"USER|domain:D|class:C|site", "domain:", "/v1/domains?limit=200", "name"},
        {"USER|domain:D|class:C|site", "class:", "/v1/classes?limit=200", "name"},
        {"DOMAIN", "", "/v1/domains?limit=200", "name"},
        {"CLASS", "", "/v1/classes?limit=200", "name"},
    };

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        size_t len = strlen(sources[i].prefix);
        struct buf path;

        if (strcmp(sources[i].placeholder, placeholder) != 0 ||
            strncmp(typed, sources[i].prefix, len) != 0 || (len == 0 && strchr(typed, ':'))) {
            continue;
        }
        buf_init(&path, PATH_MAX_LENGTH);
        buf_append_text(&path, sources[i].path);
        if (strcmp(sources[i].member, "login") == 0 && typed[len] != '\0') {
            request_query(&path, "match", typed + len);
        }
        buf_append(&path, "", 1);

        struct offer *offer = complete->arg;
        json_t *list = context_get_optional(offer->context, path.data);

        offer_names(offer, list, sources[i].prefix, sources[i].member, typed + len);
        json_decref(list);
        buf_finish(&path);
    }
}

/* Returns a client for the authd that the typed command line names. Returns NULL if the line names
 * none, or is not complete yet. */
static struct client *typed_client(const struct invocation *invocation)
{
    const char *const *words = invocation->words;
    size_t count = invocation->count;
    const struct client_target target = {
        .socket = complete_value(words, count, OPTION_SOCKET),
        .url = complete_value(words, count, OPTION_URL),
        .token_file = complete_value(words, count, OPTION_TOKEN_FILE),
        .cacert = complete_value(words, count, OPTION_CACERT),
        .timeout = invocation->timeout,
    };
    struct err err;

    return target.socket != NULL || target.url != NULL ? client_create(&target, &err) : NULL;
}

static int print_words(struct context *context)
{
    struct offer offer = {.context = context, .words = context->json ? json_array() : NULL};
    struct complete complete = {.found = offer_word, .ask = ask_authd, .arg = &offer};
    struct client *client = context->client;
    struct client *typed = typed_client(context->invocation);

    context->client = typed != NULL ? typed : client;
    complete_words(&complete, context->invocation->words, context->invocation->count);
    context->client = client;
    client_destroy(typed);
    if (offer.words != NULL) {
        json_t *list = json_pack("{s:o, s:n}", "items", offer.words, "next");

        print_json(stdout, list);
        json_decref(list);
    }
    return EXIT_DONE;
}

static const struct command commands[] = {
    {.verb = "bash",
     .arguments = "",
     .summary = "print the completion for bash",
     .example = "completion bash >>~/.bash_completion",
     .run = print_bash},
    {.verb = "manual",
     .arguments = "",
     .summary = "print the manual page",
     .example = "completion manual | man -l -",
     .run = print_manual},
    {.verb = "words",
     .arguments = "WORD...",
     .max = WORDS_MAX,
     .empty = true,
     .summary = "print what may come next, as the completion asks",
     .example = "completion words -- user sh",
     .run = print_words},
    {0},
};

const struct noun noun_completion = {"completion", "help for the shell", NULL, commands};
