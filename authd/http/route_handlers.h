/* The functions behind the routes: each answers its exchange, at once or later. */
#ifndef HTTP_ROUTE_HANDLERS_H
#define HTTP_ROUTE_HANDLERS_H

#include "manage/call.h"

struct http_exchange;

/* Management: runs the route's statement with what path, query and body say. */
void route_manage(struct http_exchange *exchange);

/* GET /healthz: this process answers. */
void route_health(struct http_exchange *exchange);
/* GET /readyz: this process can also decide, because its database answers. */
void route_ready(struct http_exchange *exchange);

/* POST /v1/session */
void route_sign_in(struct http_exchange *exchange);
/* GET /v1/session */
void route_session(struct http_exchange *exchange);
/* DELETE /v1/session */
void route_sign_out(struct http_exchange *exchange);
/* POST /v1/session/fresh */
void route_fresh(struct http_exchange *exchange);

/* GET /v1/site */
void route_site(struct http_exchange *exchange);

/* POST /v1/api-keys */
void route_api_key_make(struct http_exchange *exchange);

/* POST /v1/keys/{purpose}/rotate */
void route_site_key_rotate(struct http_exchange *exchange);

/* POST …/app-passwords */
void route_app_password_add(struct http_exchange *exchange);
/* PATCH …/app-passwords/{id} */
void route_app_password_set(struct http_exchange *exchange);
/* POST …/app-passwords/{id}/rotate */
void route_app_password_rotate(struct http_exchange *exchange);

/* POST …/totp: begins an enrolment. */
void route_totp_enroll(struct http_exchange *exchange);
/* POST …/totp/confirm */
void route_totp_confirm(struct http_exchange *exchange);
/* POST …/totp/ticket */
void route_totp_ticket(struct http_exchange *exchange);
/* POST …/recovery-codes */
void route_recovery_codes(struct http_exchange *exchange);

/* POST …/password-strength: how good a password would be. */
void route_password_strength(struct http_exchange *exchange);

/* POST …/reset-link: mails a link. */
void route_reset_link(struct http_exchange *exchange);
/* POST /v1/reset: sets a password by the token of such a link. */
void route_reset(struct http_exchange *exchange);

/* GET /reset: the page that such a link leads to. */
void route_reset_page(struct http_exchange *exchange);

/* POST /v1/audit/verify */
void route_audit_verify(struct http_exchange *exchange);

/* POST /v1/import */
void route_import(struct http_exchange *exchange);

/* GET /openapi.json */
void route_openapi(struct http_exchange *exchange);

/* The checked arguments of the request, which the caller owns; NULL: the exchange was refused. */
json_t *route_arguments(struct http_exchange *exchange);

/* Starts the work of a route, which ends in route_answer_result(), or refuses the exchange. */
typedef void route_start_f(struct http_exchange *exchange, const struct manage_request *request);
/* Puts the request together and calls `start`, unless the exchange was refused. */
void route_manage_with(struct http_exchange *exchange, route_start_f *start);
/* The `start` of routes whose work is their statement. */
void route_manage_start(struct http_exchange *exchange, const struct manage_request *request);
/* Answers or refuses as the result says; the argument is the exchange. */
result_done_f route_answer_result;

/* PUT of a sending scope, which is the body. */
void route_scope_put(struct http_exchange *exchange);
/* Puts canonical text in place of the sending scope in member "scope" of `object`; a scope that is
 * absent or null stays as it is. False: the exchange was refused, with each flaw of the scope by
 * its JSON pointer after `at`. */
bool route_scope_take(struct http_exchange *exchange, json_t *object, const char *at);

/* Answers with an object or a page of a list, and the route's status and headers; `object` may be
 * changed. */
void route_answer(struct http_exchange *exchange, json_t *object);

#endif
