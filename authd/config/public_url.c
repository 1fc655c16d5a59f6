/* Threat: a link in a mail, or an Origin that is compared, which means another host than its
 * administrator thinks. libcurl corrects what it reads (http:/host, %61uth.example, 0x7f.1); here
 * a URL that had to be corrected is refused. */
#include "config/public_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>
#include <curl/curl.h>

#include "base/mem.h"
#include "core/name.h"

/* Freed by the caller with curl_free(); NULL: the URL has no such part. */
static char *part_of(CURLU *url, CURLUPart part)
{
    char *text = NULL;

    return curl_url_get(url, part, &text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) ==
                   CURLUE_OK
               ? text
               : NULL;
}

static bool part_is(CURLU *url, CURLUPart part, const char *wanted)
{
    char *text = part_of(url, part);
    bool equal = wanted == NULL ? text == NULL : text != NULL && strcmp(text, wanted) == 0;

    curl_free(text);
    return equal;
}

/* Whether `text` is what libcurl read, but for upper case and the spelling of an IPv6 address. */
static bool is_as_written(CURLU *url, const char *text)
{
    char *read = part_of(url, CURLUPART_URL);
    const char *read_end = read != NULL ? strchr(read, ']') : NULL;
    const char *text_end = strchr(text, ']');
    bool same = read != NULL && strcasecmp(text, read) == 0;

    if (read_end != NULL && text_end != NULL) {
        same =
            strncasecmp(text, read, strcspn(read, "[") + 1) == 0 && strcmp(text_end, read_end) == 0;
    }
    curl_free(read);
    return same;
}

/* The canonical form of an IPv6 address in brackets. */
static bool read_ipv6(const char *text, char out[static NAME_MAX_LENGTH + 1], bool *loopback)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr v6;
    size_t len = strcspn(text + 1, "]");

    if (len >= sizeof(address) || text[len + 1] != ']') {
        return false;
    }
    memcpy(address, text + 1, len);
    address[len] = '\0';
    if (inet_pton(AF_INET6, address, &v6) != 1) {
        return false;
    }
    *loopback = IN6_IS_ADDR_LOOPBACK(&v6);
    snprintf(out, NAME_MAX_LENGTH + 1, "[%s]", inet_ntop(AF_INET6, &v6, address, sizeof(address)));
    return true;
}

/* The canonical form of a host. */
static bool read_host(const char *text, char out[static NAME_MAX_LENGTH + 1], bool *loopback)
{
    struct in_addr v4;

    if (text[0] == '[') {
        return read_ipv6(text, out, loopback);
    }
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *loopback = ntohl(v4.s_addr) >> 24 == 127;
        inet_ntop(AF_INET, &v4, out, NAME_MAX_LENGTH + 1);
        return true;
    }
    *loopback = strcasecmp(text, "localhost") == 0;
    if (*loopback) {
        snprintf(out, NAME_MAX_LENGTH + 1, "localhost");
        return true;
    }
    return name_domain(span_of(text), out) == NAME_OK;
}

/* The parts of what libcurl has read; `text` ends with a slash. */
static bool read_parts(CURLU *url, const char *text, struct public_url *out, bool *loopback)
{
    char host[NAME_MAX_LENGTH + 1];
    char *host_text = part_of(url, CURLUPART_HOST);
    char *port = part_of(url, CURLUPART_PORT);
    bool good = host_text != NULL && port != NULL && read_host(host_text, host, loopback) &&
                is_as_written(url, text) && part_is(url, CURLUPART_PATH, "/") &&
                part_is(url, CURLUPART_ZONEID, NULL) && part_is(url, CURLUPART_QUERY, NULL) &&
                part_is(url, CURLUPART_FRAGMENT, NULL);

    if (good) {
        out->tls = part_is(url, CURLUPART_SCHEME, "https");
        out->port = (uint16_t)strtoul(port, NULL, 10);
        out->host = mem_strdup(host);
        good = out->port != 0 && (out->tls || part_is(url, CURLUPART_SCHEME, "http"));
    }
    curl_free(host_text);
    curl_free(port);
    return good;
}

/* With the slash that libcurl adds where there is no path. */
static char *with_slash(const char *text)
{
    size_t len = strlen(text);
    char *copy = NULL;

    if (asprintf(&copy, "%s%s", text, len > 0 && text[len - 1] == '/' ? "" : "/") < 0) {
        abort();
    }
    return copy;
}

static char *text_of(const struct public_url *url)
{
    const char *scheme = url->tls ? "https" : "http";
    char *text = NULL;
    int len = url->port == (url->tls ? 443 : 80)
                  ? asprintf(&text, "%s://%s", scheme, url->host)
                  : asprintf(&text, "%s://%s:%u", scheme, url->host, (unsigned)url->port);

    if (len < 0) {
        abort();
    }
    return text;
}

bool public_url_read(const char *text, struct public_url *out, struct err *err)
{
    char *full = with_slash(text);
    CURLU *url = curl_url();
    bool loopback = false;

    *out = (struct public_url){0};
    if (url == NULL) {
        abort();
    }
    bool good = curl_url_set(url, CURLUPART_URL, full, CURLU_DISALLOW_USER) == CURLUE_OK &&
                read_parts(url, full, out, &loopback);

    curl_url_cleanup(url);
    free(full);
    if (!good) {
        err_set(err, "is not a scheme with a host, and maybe a port; write for example "
                     "https://auth.example.org");
    } else if (!out->tls && !loopback) {
        good = err_set(err, "is not loopback, and passwords would cross the network in clear; "
                            "write https://");
    }
    if (!good) {
        public_url_finish(out);
        return false;
    }
    out->text = text_of(out);
    return true;
}

void public_url_finish(struct public_url *url)
{
    free((char *)url->text);
    free((char *)url->host);
    *url = (struct public_url){0};
}
