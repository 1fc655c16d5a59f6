#include "http/origin.h"

#include <strings.h>

static bool equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

struct origin {
    struct span scheme; /* "https" */
    struct span host;   /* a name, or an address; an IPv6 address in brackets */
    unsigned port;
};

/* Decimal digits without leading zeros. */
static bool port_read(struct span text, unsigned *port)
{
    *port = 0;
    if (text.len == 0 || text.len > 5 || text.ptr[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        *port = *port * 10 + (unsigned)(text.ptr[i] - '0');
    }
    return true;
}

/* host [ ":" port ] under a scheme. False: the text is none. */
static bool authority_read(struct origin *origin, struct span scheme, struct span text)
{
    const char *bracket = text.len > 0 ? memchr(text.ptr, ']', text.len) : NULL;
    size_t host_end = bracket != NULL ? (size_t)(bracket - text.ptr) + 1 : 0;

    while (host_end < text.len && text.ptr[host_end] != ':') {
        if (bracket != NULL) {
            return false;
        }
        host_end++;
    }
    origin->scheme = scheme;
    origin->host = (struct span){text.ptr, host_end};
    origin->port = equal(scheme, SPAN_LITERAL("https")) ? 443 : 80;
    if (host_end == 0) {
        return false;
    }
    return host_end == text.len ||
           port_read((struct span){text.ptr + host_end + 1, text.len - host_end - 1},
                     &origin->port);
}

/* scheme "://" host [ ":" port ] [ "/" anything ] */
static bool url_read(struct origin *origin, const char *url)
{
    const char *colon = strstr(url, "://");

    if (colon == NULL) {
        return false;
    }
    struct span scheme = {url, (size_t)(colon - url)};
    struct span authority = {colon + 3, strcspn(colon + 3, "/")};

    return authority_read(origin, scheme, authority);
}

static bool origin_equal(const struct origin *a, const struct origin *b)
{
    return equal(a->scheme, b->scheme) && equal(a->host, b->host) && a->port == b->port;
}

static bool is_loopback(struct span host)
{
    return equal(host, SPAN_LITERAL("[::1]")) ||
           (host.len > 4 && strncmp(host.ptr, "127.", 4) == 0);
}

/* The listener's own origins: its address, and localhost for a loopback address. */
static size_t listener_origins(const struct origin_names *names, struct origin out[2])
{
    struct span scheme = names->tls ? SPAN_LITERAL("https") : SPAN_LITERAL("http");

    if (names->listener == NULL || !authority_read(&out[0], scheme, span_of(names->listener))) {
        return 0;
    }
    if (!is_loopback(out[0].host)) {
        return 1;
    }
    out[1] = out[0];
    out[1].host = SPAN_LITERAL("localhost");
    return 2;
}

static size_t own_origins(const struct origin_names *names, struct origin out[3])
{
    size_t count = listener_origins(names, out);

    if (names->public_url.text != NULL) {
        out[count++] = (struct origin){
            .scheme = names->public_url.tls ? SPAN_LITERAL("https") : SPAN_LITERAL("http"),
            .host = span_of(names->public_url.host),
            .port = names->public_url.port,
        };
    }
    return count;
}

bool origin_is_host(const struct origin_names *names, struct span host)
{
    struct origin own[3];
    size_t count = own_origins(names, own);

    for (size_t i = 0; i < count; i++) {
        struct origin asked;

        if (authority_read(&asked, own[i].scheme, host) && origin_equal(&asked, &own[i])) {
            return true;
        }
    }
    return false;
}

bool origin_is_secure(const struct origin_names *names)
{
    return names->tls || names->public_url.tls;
}

/* `text` is an Origin, which has no path (RFC 6454 section 6.1). */
static bool is_own_origin(const struct origin_names *names, const char *text)
{
    struct origin own[3];
    struct origin asked;
    size_t count = own_origins(names, own);

    if (!url_read(&asked, text) || strchr(asked.host.ptr, '/') != NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (origin_equal(&asked, &own[i])) {
            return true;
        }
    }
    return false;
}

const char *origin_flaw(const struct origin_names *names, const struct origin_headers *headers)
{
    if (headers->requested_with == NULL || strcmp(headers->requested_with, "authd") != 0) {
        return "lacks the header X-Requested-With: authd";
    }
    if (headers->origin != NULL && !is_own_origin(names, headers->origin)) {
        return "was sent by a page of another site (Origin)";
    }
    if (headers->fetch_site != NULL && strcmp(headers->fetch_site, "same-origin") != 0 &&
        strcmp(headers->fetch_site, "none") != 0) {
        return "was sent by a page of another site (Sec-Fetch-Site)";
    }
    return NULL;
}
