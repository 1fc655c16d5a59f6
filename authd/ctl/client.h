/* HTTP over authd's unix socket.
 *
 * Threat: an environment that sends our requests elsewhere. No proxy, no redirect, no other
 * protocol; the answer is bounded. A password in a request is wiped. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>

#include "base/buf.h"
#include "ctl/status.h"

struct client;

/* Texts live as long as the client. */
struct client *client_create(const char *socket, long timeout_seconds);
void client_destroy(struct client *client);

struct answer {
    enum exit_status exit; /* EXIT_DONE: `json` is the object; else a problem (RFC 9457) */
    json_t *json;          /* the caller's */
};

/* `body` may be NULL. */
struct answer client_call(struct client *client, const char *method, const char *path,
                          const json_t *body);

/* Appends `text` to a path or query, percent-encoded (RFC 3986 section 2.3). */
void client_encode(struct buf *path, const char *text);

/* A problem of our own: what `type` says went wrong, why, and what to do (may be NULL). */
json_t *problem_create(const char *type, const char *title, const char *detail, const char *hint);

#endif
