/* HTTP over authd's unix socket, or over TLS with an API key.
 *
 * Threat: an environment that sends our requests elsewhere, a key on the wire in clear, a wrong
 * server. No proxy, no redirect, no other protocol; TLS is verified against the system's
 * authorities or those that are named; plain HTTP goes to this machine only; the answer is bounded.
 * Bodies and the key are wiped. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "ctl/status.h"

struct client;

/* Texts live as long as the client. */
struct client_target {
    const char *socket;
    const char *url;        /* instead; NULL: the socket */
    const char *token_file; /* NULL: no key */
    const char *cacert;     /* NULL: the system's */
    long timeout;           /* seconds */
};

/* NULL: a usage error. */
struct client *client_create(const struct client_target *target, struct err *err);
void client_destroy(struct client *client);

struct answer {
    enum exit_status exit; /* EXIT_DONE: `json` is the object; else a problem (RFC 9457) */
    json_t *json;          /* the caller's */
    long status;           /* 0: there was no answer */
    double seconds;
};

/* `body` may be NULL. */
struct answer client_call(struct client *client, const char *method, const char *path,
                          const json_t *body);

/* A problem of our own: what `type` says went wrong, why, and what to do (may be NULL). */
json_t *problem_create(const char *type, const char *title, const char *detail, const char *hint);

#endif
