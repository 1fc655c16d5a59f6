/* Refusals of requests that libmicrohttpd does not see, or not whole: octets of an answer that
 * closes the connection, and the line in the log. */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

#include "base/buf.h"
#include "http/client.h"
#include "http/problem.h"

/* Appends the answer, and logs it under the reference that the answer has. `reason` is for the log.
 */
void refusal_append(struct buf *out, const struct http_client *client,
                    const struct public_url *public_url, const struct problem *problem,
                    const char *reason);
/* Logs a request that gets no answer. */
void refusal_log(const struct http_client *client, const char *reason);

#endif
