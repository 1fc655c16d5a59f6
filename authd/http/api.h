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

/* GET /openapi.json */
void api_document(struct exchange *exchange);

/* For routes that do more than their statement. */
void api_start(struct exchange *exchange, const struct account_request *request,
               account_done_f *done);
/* An object, or a page of a list, with the route's status and headers; `object` may be changed. */
void api_answer(struct exchange *exchange, json_t *object);
void api_refuse(struct exchange *exchange, const struct account_result *result);

#endif
