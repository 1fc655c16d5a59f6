/* What the commands do: each makes its calls, prints, and returns the status status. */
#ifndef CTL_VERBS_H
#define CTL_VERBS_H

#include "ctl/session.h"

int verb_user_add(struct session *session);
int verb_user_list(struct session *session);
int verb_user_show(struct session *session);
int verb_user_set(struct session *session);
int verb_user_suspend(struct session *session);
int verb_user_resume(struct session *session);
int verb_user_delete(struct session *session);

int verb_address_add(struct session *session);
int verb_address_remove(struct session *session);
int verb_address_list(struct session *session);
int verb_address_who(struct session *session);

int verb_password_set(struct session *session);
int verb_password_clear(struct session *session);

/* ---- shared -------------------------------------------------------------------------------- */

#define PATH_MAX_LENGTH (16 * 1024)

/* A user object, whole. Takes it. */
int show_user(const struct session *session, json_t *user);
/* What became of a user: "LOGIN  done", or "LOGIN  unchanged". Takes the object. */
int show_change(const struct session *session, json_t *user, const char *done);
/* Prints all pages of /v1/users with `query` ("", or "&name=value..."). */
int list_users(struct session *session, const char *query);
/* Puts a password from standard input into `body`. False: `status` is set. */
bool read_password(const struct session *session, json_t *body, int *status);

#endif
