/* The functions behind the routes: each answers its exchange, at once or later. */
#ifndef HTTP_API_H
#define HTTP_API_H

#include "core/account.h"

struct exchange;

/* Management: path, query and body become the arguments of the route's statement. */
void api_account(struct exchange *exchange);

/* GET /healthz: this process answers. GET /readyz: it can also decide, its database answers. */
void api_health(struct exchange *exchange);
void api_ready(struct exchange *exchange);

/* POST, GET and DELETE /v1/session, POST /v1/session/fresh. */
void api_sign_in(struct exchange *exchange);
void api_session(struct exchange *exchange);
void api_sign_out(struct exchange *exchange);
void api_fresh(struct exchange *exchange);

/* GET /v1/site */
void api_site(struct exchange *exchange);

/* POST /v1/api-keys */
void api_key_make(struct exchange *exchange);

/* POST /v1/keys/{purpose}/rotate */
void api_key_rotate(struct exchange *exchange);

/* POST and PATCH of app passwords, and their rotation. */
void api_app_password_add(struct exchange *exchange);
void api_app_password_set(struct exchange *exchange);
void api_app_password_rotate(struct exchange *exchange);

/* Enrolment of second factors, tickets and recovery codes. */
void api_totp_enroll(struct exchange *exchange);
void api_totp_confirm(struct exchange *exchange);
void api_totp_ticket(struct exchange *exchange);
void api_recovery_codes(struct exchange *exchange);

/* POST …/password-strength: how good a password would be. */
void api_password_strength(struct exchange *exchange);

/* POST …/reset-link mails one; POST /v1/reset sets a password by it. */
void api_reset_link(struct exchange *exchange);
void api_reset(struct exchange *exchange);

/* Checks the audit's chain, a piece at a time. */
void api_audit_verify(struct exchange *exchange);

/* POST /v1/import */
void api_import(struct exchange *exchange);

/* GET /openapi.json */
void api_document(struct exchange *exchange);

/* The checked arguments of the request, the caller's; NULL: refused. */
json_t *api_arguments(struct exchange *exchange);

/* For routes that do more than their statement: api_manage() puts the request together and calls
 * `start`, whose work ends in api_answer_account(), with the exchange as its argument. */
typedef void api_start_f(struct exchange *exchange, const struct account_request *request);
void api_manage(struct exchange *exchange, api_start_f *start);
void api_start_account(struct exchange *exchange, const struct account_request *request);
account_done_f api_answer_account;

/* PUT of a sending scope: the body is the document. */
void api_scope_put(struct exchange *exchange);
/* Puts the canonical text of a sending scope in place of member "scope" of `object`, the document;
 * absent or null stays. False: refused, with each flaw by its JSON pointer after `at`. */
bool api_scope_take(struct exchange *exchange, json_t *object, const char *at);

/* An object, or a page of a list, with the route's status and headers; `object` may be changed. */
void api_answer(struct exchange *exchange, json_t *object);

#endif
