/* The functions behind the routes: each answers its exchange, at once or later. */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include "manage/call.h"

struct exchange;

/* Management: runs the route's statement with what path, query and body say. */
void api_account(struct exchange *exchange);

/* GET /healthz: this process answers. */
void api_health(struct exchange *exchange);
/* GET /readyz: this process can also decide, because its database answers. */
void api_ready(struct exchange *exchange);

/* POST /v1/session */
void api_sign_in(struct exchange *exchange);
/* GET /v1/session */
void api_session(struct exchange *exchange);
/* DELETE /v1/session */
void api_sign_out(struct exchange *exchange);
/* POST /v1/session/fresh */
void api_fresh(struct exchange *exchange);

/* GET /v1/site */
void api_site(struct exchange *exchange);

/* POST /v1/api-keys */
void api_key_make(struct exchange *exchange);

/* POST /v1/keys/{purpose}/rotate */
void api_key_rotate(struct exchange *exchange);

/* POST …/app-passwords */
void api_app_password_add(struct exchange *exchange);
/* PATCH …/app-passwords/{id} */
void api_app_password_set(struct exchange *exchange);
/* POST …/app-passwords/{id}/rotate */
void api_app_password_rotate(struct exchange *exchange);

/* POST …/totp: begins an enrolment. */
void api_totp_enroll(struct exchange *exchange);
/* POST …/totp/confirm */
void api_totp_confirm(struct exchange *exchange);
/* POST …/totp/ticket */
void api_totp_ticket(struct exchange *exchange);
/* POST …/recovery-codes */
void api_recovery_codes(struct exchange *exchange);

/* POST …/password-strength: how good a password would be. */
void api_password_strength(struct exchange *exchange);

/* POST …/reset-link: mails a link. */
void api_reset_link(struct exchange *exchange);
/* POST /v1/reset: sets a password by the token of such a link. */
void api_reset(struct exchange *exchange);

/* POST /v1/audit/verify */
void api_audit_verify(struct exchange *exchange);

/* POST /v1/import */
void api_import(struct exchange *exchange);

/* GET /openapi.json */
void api_document(struct exchange *exchange);

/* The checked arguments of the request, which the caller owns; NULL: the exchange was refused. */
json_t *api_arguments(struct exchange *exchange);

/* Starts the work of a route, which ends in api_answer_account(), or refuses the exchange. */
typedef void api_start_f(struct exchange *exchange, const struct manage_request *request);
/* Puts the request together and calls `start`, unless the exchange was refused. */
void api_manage(struct exchange *exchange, api_start_f *start);
/* The `start` of routes whose work is their statement. */
void api_start_account(struct exchange *exchange, const struct manage_request *request);
/* Answers or refuses as the result says; the argument is the exchange. */
result_done_f api_answer_account;

/* PUT of a sending scope, which is the body. */
void api_scope_put(struct exchange *exchange);
/* Puts canonical text in place of the sending scope in member "scope" of `object`; a scope that is
 * absent or null stays as it is. False: the exchange was refused, with each flaw of the scope by
 * its JSON pointer after `at`. */
bool api_scope_take(struct exchange *exchange, json_t *object, const char *at);

/* Answers with an object or a page of a list, and the route's status and headers; `object` may be
 * changed. */
void api_answer(struct exchange *exchange, json_t *object);

#endif
