/* The functions behind the routes: each answers its exchange, at once or later. */
#ifndef HTTP_API_H
#define HTTP_API_H

struct exchange;

/* Management: path, query and body become the arguments of the route's statement. */
void api_account(struct exchange *exchange);

/* GET /healthz: this process answers. GET /readyz: it can also decide, its database answers. */
void api_health(struct exchange *exchange);
void api_ready(struct exchange *exchange);

#endif
