/* authctl password. A password comes from standard input, never from the command line, which other
 * users of the machine can read. */
#include "base/secret.h"
#include "ctl/prompt.h"
#include "ctl/verbs.h"

#define PASSWORD_OCTETS_MAX 1024 /* what authd takes */

bool read_password(const struct session *session, json_t *body, int *status)
{
    struct buf password;
    struct err err;

    buf_init(&password, PASSWORD_OCTETS_MAX);
    if (!prompt_secret(&password, "password", &err)) {
        *status = session_usage(session, err.text);
        return false;
    }

    json_t *value = json_stringn(password.len > 0 ? password.data : "", password.len);

    buf_finish(&password);
    if (value == NULL) {
        *status = session_usage(session, "the password is not UTF-8");
        return false;
    }
    json_object_set_new(body, "password", value);
    return true;
}

int verb_password_set(struct session *session)
{
    struct buf path;
    int status;

    if (!option_given(session->invocation, OPTION_PASSWORD_STDIN) && !prompt_possible()) {
        return session_usage(session,
                             "password set needs --password-stdin (this is not a terminal)");
    }

    json_t *body = json_object();
    json_t *user = NULL;

    buf_init(&path, PATH_MAX_LENGTH);
    session_user_path(session, &path, "/password");
    if (read_password(session, body, &status)) {
        user = session_change(session, "PUT", &path, body, &status);
    }
    buf_finish(&path);
    json_decref(body);
    return user != NULL ? show_change(session, user, "password set") : status;
}

int verb_password_clear(struct session *session)
{
    struct buf path;
    int status;

    buf_init(&path, PATH_MAX_LENGTH);
    session_user_path(session, &path, "/password");

    json_t *user = session_change(session, "DELETE", &path, NULL, &status);

    buf_finish(&path);
    return user != NULL ? show_change(session, user, "password cleared") : status;
}
