/* Parses a connection string and makes connection parameters of it.
 *
 * authd's own settings are parameters of their own and never pasted into the text. Threat: a
 * password in the string; the password goes to libpq and into no message.
 */
#include "store/conninfo.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (strcmp(option->keyword, keyword) == 0 && option->val != NULL) {
            return option->val;
        }
    }
    return "";
}

static unsigned list_count(const char *list)
{
    unsigned count = 1;
    for (const char *c = list; *c != '\0'; c++) {
        count += *c == ',';
    }
    return count;
}

/* Copies item `index` of a comma-separated list. False: the item is too long. */
static bool list_item(const char *list, unsigned index, char *out, size_t size)
{
    while (index > 0) {
        list = strchr(list, ',') + 1;
        index--;
    }
    size_t len = strcspn(list, ",");
    if (len >= size) {
        return false;
    }
    memcpy(out, list, len);
    out[len] = '\0';
    return true;
}

static bool endpoints_split(struct endpoints *endpoints, const PQconninfoOption *options)
{
    const char *hosts = option_value(options, "host");
    const char *addresses = option_value(options, "hostaddr");
    const char *ports = option_value(options, "port");
    unsigned count = list_count(*addresses != '\0' ? addresses : hosts);
    if (count > ENDPOINTS_MAX || (*hosts != '\0' && list_count(hosts) != count) ||
        (list_count(ports) != 1 && list_count(ports) != count)) {
        return false;
    }
    endpoints->count = count;
    for (unsigned i = 0; i < count; i++) {
        struct endpoint *endpoint = &endpoints->list[i];
        unsigned port = list_count(ports) == 1 ? 0 : i;
        if (!list_item(*hosts != '\0' ? hosts : "", *hosts != '\0' ? i : 0, endpoint->host,
                       sizeof endpoint->host) ||
            !list_item(addresses, *addresses != '\0' ? i : 0, endpoint->address,
                       sizeof endpoint->address) ||
            !list_item(ports, port, endpoint->port, sizeof endpoint->port)) {
            return false;
        }
    }
    return true;
}

bool conninfo_init(struct conninfo *target, const char *url)
{
    *target = (struct conninfo){0};
    char *message = NULL;
    target->options = PQconninfoParse(url, &message);
    PQfreemem(message);
    return target->options != NULL && endpoints_split(&target->endpoints, target->options);
}

void conninfo_finish(struct conninfo *target)
{
    PQconninfoFree(target->options);
    *target = (struct conninfo){0};
}

bool endpoint_is_name(const struct endpoint *endpoint)
{
    unsigned char binary[sizeof(struct in6_addr)];
    const char *host = endpoint->host;
    return endpoint->address[0] == '\0' && host[0] != '\0' && host[0] != '/' && host[0] != '@' &&
           inet_pton(AF_INET, host, binary) != 1 && inet_pton(AF_INET6, host, binary) != 1;
}

static bool option_is_ours(const char *keyword)
{
    static const char *const ours[] = {"host", "hostaddr", "port", "application_name",
                                       "client_encoding"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strcmp(keyword, ours[i]) == 0) {
            return true;
        }
    }
    return false;
}

PGconn *conninfo_connect(const struct conninfo *target, const struct endpoints *endpoints,
                         unsigned first)
{
    struct buf hosts, addresses, ports;
    buf_init(&hosts, sizeof endpoints->list);
    buf_init(&addresses, sizeof endpoints->list);
    buf_init(&ports, sizeof endpoints->list);
    for (unsigned i = 0; i < endpoints->count; i++) {
        const struct endpoint *endpoint = &endpoints->list[(first + i) % endpoints->count];
        const char *comma = i > 0 ? "," : "";
        buf_printf(&hosts, "%s%s", comma, endpoint->host);
        buf_printf(&addresses, "%s%s", comma, endpoint->address);
        buf_printf(&ports, "%s%s", comma, endpoint->port);
    }
    /* Terminates the strings; buf_printf() does not promise to. */
    buf_append(&hosts, "", 1);
    buf_append(&addresses, "", 1);
    buf_append(&ports, "", 1);

    size_t count = 0;
    while (target->options[count].keyword != NULL) {
        count++;
    }
    const char **keywords = mem_calloc(count + 1, sizeof *keywords);
    const char **values = mem_calloc(count + 1, sizeof *values);
    const char *const ours[][2] = {{"host", hosts.data},
                                   {"hostaddr", addresses.data},
                                   {"port", ports.data},
                                   {"application_name", "authd"},
                                   {"client_encoding", "UTF8"}};
    size_t used = 0;
    for (; used < sizeof ours / sizeof ours[0]; used++) {
        keywords[used] = ours[used][0];
        values[used] = ours[used][1];
    }
    for (size_t i = 0; i < count; i++) {
        if (target->options[i].val != NULL && !option_is_ours(target->options[i].keyword)) {
            keywords[used] = target->options[i].keyword;
            values[used++] = target->options[i].val;
        }
    }
    PGconn *pg = PQconnectStartParams(keywords, values, 0);
    free(keywords);
    free(values);
    buf_finish(&hosts);
    buf_finish(&addresses);
    buf_finish(&ports);
    if (pg == NULL) {
        abort(); /* out of memory */
    }
    return pg;
}
