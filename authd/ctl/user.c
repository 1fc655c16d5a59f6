/* authctl user. */
#include <string.h>

#include "ctl/prompt.h"
#include "ctl/verbs.h"

/* ---- add ----------------------------------------------------------------------------------- */

static json_t *addresses_of(const struct invocation *invocation)
{
    json_t *addresses = json_array();

    for (size_t i = 0; i < invocation->address_count; i++) {
        json_array_append_new(addresses, json_string(invocation->addresses[i]));
    }
    return addresses;
}

/* What the options say; without the password. */
static json_t *user_body(const struct invocation *invocation)
{
    json_t *body = json_pack("{s:s}", "login", invocation->words[0]);

    if (invocation->address_count > 0) {
        json_object_set_new(body, "addresses", addresses_of(invocation));
    }
    if (option_given(invocation, OPTION_ROLE)) {
        json_object_set_new(body, "role", json_string(invocation->values[OPTION_ROLE]));
    }
    if (option_given(invocation, OPTION_SERVICE)) {
        json_object_set_new(body, "service", json_true());
    }
    return body;
}

static void say_added(const struct session *session, const json_t *user)
{
    const char *login = json_string_value(json_object_get(user, "login"));

    if (json_is_true(json_object_get(user, "domain_created"))) {
        session_say(session, "the domain %s is new",
                    json_string_value(json_object_get(user, "domain")));
    }
    if (!json_is_true(json_object_get(user, "has_password")) &&
        !json_is_true(json_object_get(user, "service")) &&
        !option_given(session->invocation, OPTION_DRY_RUN)) {
        session_say(session, "no password yet: authctl password set %s", login);
    }
}

int verb_user_add(struct session *session)
{
    json_t *body = user_body(session->invocation);
    json_t *user = NULL;
    struct buf path;
    int status;

    buf_init(&path, PATH_MAX_LENGTH);
    buf_text(&path, "/v1/users");
    if (!option_given(session->invocation, OPTION_PASSWORD_STDIN) ||
        read_password(session, body, &status)) {
        user = session_change(session, "POST", &path, body, &status);
    }
    json_decref(body);
    buf_finish(&path);
    if (user == NULL) {
        return status;
    }
    say_added(session, user);
    return show_user(session, user);
}

/* ---- list, show ---------------------------------------------------------------------------- */

int verb_user_list(struct session *session)
{
    const struct invocation *invocation = session->invocation;
    struct buf query;

    buf_init(&query, PATH_MAX_LENGTH / 2);
    if (option_given(invocation, OPTION_SUSPENDED)) {
        buf_text(&query, "&suspended=true");
    }
    if (option_given(invocation, OPTION_MATCH)) {
        buf_text(&query, "&match=");
        client_encode(&query, invocation->values[OPTION_MATCH]);
    }
    buf_append(&query, "", 1);

    int status = query.overflow ? session_usage(session, "the arguments are too long")
                                : list_users(session, query.data);

    buf_finish(&query);
    return status;
}

int verb_user_show(struct session *session)
{
    struct buf path;
    int status;

    buf_init(&path, PATH_MAX_LENGTH);
    session_user_path(session, &path, "");

    json_t *user = session_get(session, &path, &status);

    buf_finish(&path);
    return user != NULL ? show_user(session, user) : status;
}

/* ---- set ----------------------------------------------------------------------------------- */

/* KEY=VALUE; an empty value takes the old one away. NULL: `status` is set. */
static json_t *changes_of(const struct session *session, int *status)
{
    const struct invocation *invocation = session->invocation;
    json_t *changes = json_object();

    for (size_t i = 1; i < invocation->count; i++) {
        const char *word = invocation->words[i];
        const char *sign = strchr(word, '=');
        struct err err;

        if (sign == NULL || sign == word) {
            err_set(&err, "\"%s\" is not KEY=VALUE", word);
        } else if (json_object_getn(changes, word, (size_t)(sign - word)) != NULL) {
            err_set(&err, "%.*s is given twice", (int)(sign - word), word);
        } else {
            json_object_setn_new(changes, word, (size_t)(sign - word),
                                 sign[1] != '\0' ? json_string(sign + 1) : json_null());
            continue;
        }
        *status = session_usage(session, err.text);
        json_decref(changes);
        return NULL;
    }
    return changes;
}

int verb_user_set(struct session *session)
{
    struct buf path;
    int status;
    json_t *changes = changes_of(session, &status);

    if (changes == NULL) {
        return status;
    }
    buf_init(&path, PATH_MAX_LENGTH);
    session_user_path(session, &path, "");

    json_t *user = session_change(session, "PATCH", &path, changes, &status);

    json_decref(changes);
    buf_finish(&path);
    if (user == NULL) {
        return status;
    }
    if (json_is_false(json_object_get(user, "changed"))) {
        session_say(session, "%s is unchanged", json_string_value(json_object_get(user, "login")));
    }
    return show_user(session, user);
}

/* ---- suspend, resume, delete --------------------------------------------------------------- */

static int change_user(struct session *session, const char *method, const char *tail,
                       const json_t *body, const char *done)
{
    struct buf path;
    int status;

    buf_init(&path, PATH_MAX_LENGTH);
    session_user_path(session, &path, tail);

    json_t *user = session_change(session, method, &path, body, &status);

    buf_finish(&path);
    return user != NULL ? show_change(session, user, done) : status;
}

int verb_user_suspend(struct session *session)
{
    const char *reason = session->invocation->values[OPTION_REASON];
    json_t *body = reason != NULL ? json_pack("{s:s}", "reason", reason) : NULL;
    int status = change_user(session, "POST", "/suspend", body, "suspended");

    json_decref(body);
    return status;
}

int verb_user_resume(struct session *session)
{
    return change_user(session, "POST", "/resume", NULL, "resumed");
}

/* Shows what would go and asks. False: `status` is set. */
static bool confirm_delete(struct session *session, int *status)
{
    struct buf path;
    struct buf question;

    buf_init(&path, PATH_MAX_LENGTH);
    session_user_path(session, &path, "");

    json_t *user = session_get(session, &path, status);

    buf_finish(&path);
    if (user == NULL) {
        return false;
    }
    buf_init(&question, 4096);
    buf_text(&question, "delete ");
    print_escape(&question, json_string_value(json_object_get(user, "login")));

    size_t addresses = json_array_size(json_object_get(user, "addresses"));
    bool password = json_is_true(json_object_get(user, "has_password"));

    buf_printf(&question, " (id %s, %zu address%s, %s)? It cannot be undone.",
               json_string_value(json_object_get(user, "id")), addresses,
               addresses == 1 ? "" : "es", password ? "a password" : "no password");
    buf_append(&question, "", 1);
    json_decref(user);

    bool yes = prompt_yes(question.data);

    buf_finish(&question);
    if (!yes) {
        struct answer no = {EXIT_REFUSED, problem_create("not-confirmed", "Not confirmed",
                                                         "nothing was deleted", NULL)};

        *status = session_fail(session, &no);
    }
    return yes;
}

int verb_user_delete(struct session *session)
{
    int status;

    if (!option_given(session->invocation, OPTION_YES) &&
        !option_given(session->invocation, OPTION_DRY_RUN)) {
        if (!prompt_possible()) {
            return session_usage(session, "user delete needs --yes (this is not a terminal)");
        }
        if (!confirm_delete(session, &status)) {
            return status;
        }
    }
    return change_user(session, "DELETE", "", NULL, "deleted");
}
