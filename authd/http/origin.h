/* Where a request comes from: the name it was sent to (Host) and the page that sent it (Origin,
 * Sec-Fetch-Site, X-Requested-With). Pure.
 *
 * Threats: DNS rebinding, where a stranger's name leads to authd's address, so Host must be a name
 * of authd; cross-site request forgery, where a stranger's page lets the browser of a signed-in
 * user send its cookie. A page of another site can send neither X-Requested-With without authd's
 * consent (Fetch standard, section 3.2: not a CORS-safelisted header) nor another Origin than its
 * own. */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include "base/span.h"
#include "core/public_url.h"

/* What this server is called. */
struct origin_names {
    struct public_url public_url;
    const char *listener; /* "127.0.0.1:8587", "[::1]:8587"; NULL: it has no address */
    bool tls;             /* the listener speaks TLS */
};

/* True: `host` (of the header, with or without a port) is one of authd's names. localhost is a name
 * of a loopback listener, too. */
bool origin_is_host(const struct origin_names *names, struct span host);

/* True: the browser has reached authd by TLS, or through a proxy that it reaches by TLS. */
bool origin_is_secure(const struct origin_names *names);

/* Headers that browsers send; a NULL pointer: absent. */
struct origin_headers {
    const char *origin;
    const char *fetch_site;     /* Sec-Fetch-Site */
    const char *requested_with; /* X-Requested-With */
};

/* What is wrong with a request that changes something and came with a cookie or makes a cookie, as
 * the end of "the request ..."; NULL: nothing. */
const char *origin_flaw(const struct origin_names *names, const struct origin_headers *headers);

#endif
