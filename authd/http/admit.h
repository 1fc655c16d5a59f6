/* Who asks, and whether he may: everything that is decided before a body is looked at. Nothing here
 * waits: who asks the database for the caller is http/exchange.
 *
 * Threats: a stranger who makes us parse, hash or store; a name that is not ours (DNS rebinding); a
 * page of another site that uses a signed-in user's cookie; a proxy or a browser that would get a
 * local administrator's rights. */
#ifndef HTTP_ADMIT_H
#define HTTP_ADMIT_H

#include "http/request.h"
#include "http/rights.h"

#define ADMIT_SWALLOW_MAX (1024 * 1024) /* octets that are read of a body that is not wanted */

struct admission {
    struct caller caller; /* who asks */
    struct rights rights; /* of the caller on the route */
    const char *forgery;  /* how a page of another site may have sent the request, as origin_flaw()
                             says; or NULL */
};

/* Refuses a request for another server or with a body that nobody will read; its connection has to
 * be closed. NULL: the request may go on. */
const struct problem *admit_headers(const struct request *request);

/* What the request shows of who asks: CALLER_SESSION or CALLER_API_KEY, for the database to know;
 * CALLER_NOBODY: nothing. */
struct credential admit_credential(const struct request *request);

/* The administrator by peer, where the request shows no credential; NULL: there is none. */
const char *admit_host(const struct request *request);

/* Decides what the caller of `admission` may do; the route was found. What it decides, admit_end()
 * says. */
void admit_judge(struct admission *admission, const struct request *request);

/* The body is wanted, as far as the route bounds it. */
bool admit_wants_body(const struct admission *admission, const struct request *request);

/* Octets of the body that are read at most; a longer one is cut off. */
size_t admit_body_max(const struct http_route *route);

/* After the body's end: refuses what the caller may not do, and a body that the route does not
 * take. NULL: the route may run. */
const struct problem *admit_end(const struct admission *admission, const struct request *request);

/* Who asks for what, for http/rights. */
struct rights_case admit_case(const struct admission *admission, const struct request *request);

#endif
