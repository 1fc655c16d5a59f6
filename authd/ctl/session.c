#include "ctl/session.h"

#include <stdarg.h>

#define LINE_MAX_LENGTH (64 * 1024)

/* ---- talk ---------------------------------------------------------------------------------- */

/* Text may come from authd or from the command line: it is shown harmlessly. */
static void say(const char *prefix, const char *text)
{
    struct buf line;

    buf_init(&line, LINE_MAX_LENGTH);
    print_escape(&line, text);
    fprintf(stderr, "%s%.*s\n", prefix, (int)line.len, line.len > 0 ? line.data : "");
    buf_finish(&line);
}

void session_say(const struct session *session, const char *format, ...)
{
    char text[1024];
    va_list args;

    (void)session;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    say("authctl: ", text);
}

/* All flaws but the first, which is in the sentence already. */
static void say_errors(const json_t *errors)
{
    for (size_t i = 1; i < json_array_size(errors); i++) {
        const char *field = NULL;
        const char *detail = NULL;

        if (json_unpack(json_array_get(errors, i), "{s:s, s:s}", "field", &field, "detail",
                        &detail) == 0) {
            char text[512];

            snprintf(text, sizeof(text), "%s %s", field, detail);
            say("  detail: ", text);
        }
    }
}

static void say_problem(const struct session *session, const json_t *problem)
{
    const char *what = json_string_value(json_object_get(problem, "detail"));
    const char *hint = json_string_value(json_object_get(problem, "hint"));
    const char *reference = json_string_value(json_object_get(problem, "reference"));

    if (what == NULL) {
        what = json_string_value(json_object_get(problem, "title"));
    }
    say("authctl: ", what != NULL ? what : "refused");
    if (session->json) {
        return; /* the rest is on stdout */
    }
    say_errors(json_object_get(problem, "errors"));
    if (hint != NULL) {
        say("  hint:   ", hint);
    }
    if (reference != NULL) {
        say("  request ", reference);
    }
}

int session_fail(const struct session *session, const struct answer *answer)
{
    if (session->json) {
        print_json(stdout, answer->json);
    }
    say_problem(session, answer->json);
    json_decref(answer->json);
    return answer->exit;
}

int session_usage(const struct session *session, const char *text)
{
    struct answer answer = {EXIT_USAGE, problem_create("usage", "Wrong usage", text, NULL)};

    return session_fail(session, &answer);
}

/* ---- calls --------------------------------------------------------------------------------- */

void session_user_path(const struct session *session, struct buf *path, const char *tail)
{
    buf_text(path, "/v1/users/");
    client_encode(path, session->invocation->words[0]);
    buf_text(path, tail);
}

static json_t *call(struct session *session, const char *method, struct buf *path,
                    const json_t *body, int *status)
{
    buf_append(path, "", 1);
    if (path->overflow) {
        *status = session_usage(session, "the arguments are too long");
        return NULL;
    }

    struct answer answer = client_call(session->client, method, path->data, body);

    if (answer.exit == EXIT_DONE) {
        *status = EXIT_DONE;
        return answer.json;
    }
    *status = session_fail(session, &answer);
    return NULL;
}

json_t *session_get(struct session *session, struct buf *path, int *status)
{
    return call(session, "GET", path, NULL, status);
}

json_t *session_change(struct session *session, const char *method, struct buf *path,
                       const json_t *body, int *status)
{
    if (option_given(session->invocation, OPTION_DRY_RUN)) {
        bool query = path->len > 0 && memchr(path->data, '?', path->len) != NULL;

        buf_text(path, query ? "&dry_run=true" : "?dry_run=true");
    }

    json_t *object = call(session, method, path, body, status);

    if (object == NULL) {
        return NULL;
    }
    if (option_given(session->invocation, OPTION_DRY_RUN)) {
        session_say(session, "dry run: nothing was changed");
    } else {
        session->changed = !json_is_false(json_object_get(object, "changed"));
    }
    return object;
}
