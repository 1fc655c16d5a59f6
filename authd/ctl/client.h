/* HTTP over authd's unix socket, or over TLS with an API key.
 *
 * Threat: an environment that sends authctl's requests elsewhere, an API key on the wire in clear,
 * a wrong server. The client uses no proxy, follows no redirect and speaks no other protocol. It
 * verifies TLS against the system's authorities, or against those that the administrator names.
 * Plain HTTP goes to this machine only. The size of an answer is bounded. Request bodies and the
 * key are wiped after use. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "ctl/exit_status.h"

struct client;

/* The texts must live as long as the client. */
struct client_target {
    const char *socket;
    const char *url;        /* the URL to use instead of the socket; NULL: use the socket */
    const char *token_file; /* the file with the API key; NULL: send no key */
    const char *cacert;     /* the file with trusted certificates; NULL: the system's authorities */
    long timeout;           /* seconds */
};

/* Returns NULL on a usage error; `err` says which. */
struct client *client_create(const struct client_target *target, struct err *err);
void client_destroy(struct client *client);

struct answer {
    enum exit_status exit; /* EXIT_DONE: `json` is the object; else a problem (RFC 9457) */
    json_t *json;          /* the caller releases this reference */
    long status;           /* the HTTP status; 0: there was no answer */
    double seconds;
};

/* `body` may be NULL. */
struct answer client_call(struct client *client, const char *method, const char *path,
                          const json_t *body);

/* Makes a problem document for a failure that authctl itself found: its type, its title, the
 * reason, and a hint about what to do, which may be NULL. */
json_t *problem_create(const char *type, const char *title, const char *detail, const char *hint);

#endif
