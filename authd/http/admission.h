/* Who asks, and whether the caller may: everything that is decided before a body is read.
 * Pure: http/exchange puts the question to the database and waits for the answer.
 *
 * Threats: a stranger who makes authd parse, hash or store; a name that is not authd's (DNS
 * rebinding); a page of another site that uses a signed-in user's cookie; a proxy or a browser that
 * would get a local administrator's rights. */
#ifndef HTTP_ADMISSION_H
#define HTTP_ADMISSION_H

#include "http/caller_rights.h"
#include "http/request.h"

#define ADMISSION_SWALLOW_MAX                                                                      \
    (1024 * 1024) /* octets that are read of a body that is not wanted                             \
                   */

struct admission {
    struct caller caller;        /* who asks */
    struct caller_rights rights; /* of the caller on the route */
    const char *forgery;         /* why the request counts as forged, from origin_flaw(); or NULL */
};

/* Refuses a request for another server or with a body that will not be read; its connection has to
 * be closed. NULL: the request may go on. */
const struct problem *admission_headers(const struct request *request);

/* The credential that the request presents, for the database to match: of kind CALLER_SESSION or
 * CALLER_API_KEY; CALLER_NOBODY: none. */
struct credential admission_credential(const struct request *request);

/* The name of the caller whom the socket makes an administrator, where no credential is presented;
 * NULL: the socket makes none. */
const char *admission_host(const struct request *request);

/* Sets `rights` and `forgery`. The caller is known by now, and the route was found. */
void admission_decide(struct admission *admission, const struct request *request);

/* The body is wanted, as far as the route bounds it. */
bool admission_wants_body(const struct admission *admission, const struct request *request);

/* Octets that are read of a body at most: the connection of a longer one is closed. */
size_t admission_body_max(const struct http_route *route);

/* After the body's end: refuses what the caller may not do, and a body that the route does not
 * take. NULL: the route may run. */
const struct problem *admission_end(const struct admission *admission,
                                    const struct request *request);

/* The request as a question to http/caller_rights. */
struct caller_rights_case admission_case(const struct admission *admission,
                                         const struct request *request);

#endif
