/* Each noun has a file of its own: its verbs as rows of the command table, and the code that only
 * these verbs need. */
#ifndef CTL_NOUNS_H
#define CTL_NOUNS_H

#include "ctl/columns.h"
#include "ctl/command.h"
#include "ctl/request.h"

extern const struct noun noun_user;
extern const struct noun noun_address;
extern const struct noun noun_password;
extern const struct noun noun_app_password;
extern const struct noun noun_totp;
extern const struct noun noun_scope;
extern const struct noun noun_session;
extern const struct noun noun_domain;
extern const struct noun noun_class;
extern const struct noun noun_api_key;
extern const struct noun noun_key;
extern const struct noun noun_audit;
extern const struct noun noun_import;
extern const struct noun noun_completion;

/* These verbs have files of their own. */
int audit_export(struct context *context);
int audit_verify(struct context *context);
/* Builds the path and query of a request for audit rows, without a page. Returns false after a
 * failure, which is reported. The caller finishes the request in both cases. */
bool audit_prepare(struct context *context, struct request *request, int *status);

#endif
