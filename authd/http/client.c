#include "http/client.h"

#include <unistd.h>

#include "http/forwarded.h"

#define NETWORK_BITS4 24
#define NETWORK_BITS6 64

bool client_is_admin(const struct http_client *client)
{
    const struct peer *peer = &client->peer;

    return client->admin_by_peer && peer->local && (peer->uid == 0 || peer->uid == geteuid());
}

struct origin_names client_names(const struct http_client *client,
                                 const struct public_url *public_url)
{
    return (struct origin_names){
        .public_url = *public_url,
        .listener = client->peer.local ? NULL : client->listener->name,
        .tls = client->listener->tls != NULL,
    };
}

/* The address in "192.0.2.1:587" or "[2001:db8::1]:587". */
static struct span host_of(const char *text)
{
    const char *colon = strrchr(text, ':');
    struct span host = {text, colon != NULL ? (size_t)(colon - text) : 0};

    if (host.len > 2 && text[0] == '[') {
        host = (struct span){text + 1, host.len - 2};
    }
    return host;
}

static struct forwarded_rule rule_of(const struct http_client *client)
{
    return (struct forwarded_rule){
        .proxies = client->listener->trusted_proxies,
        .count = client->listener->trusted_proxy_count,
    };
}

/* Not known on a unix socket. */
static struct network_address peer_address(const struct http_client *client)
{
    struct network_address peer = {0};

    if (!client->peer.local) {
        network_address_parse(host_of(client->peer.text), &peer);
    }
    return peer;
}

struct network client_network(const struct http_client *client)
{
    const struct forwarded_rule rule = rule_of(client);
    const struct network_address peer = peer_address(client);

    if (!peer.known || forwarded_is_proxy(&rule, &peer)) {
        return (struct network){0};
    }
    return network_around(&peer, NETWORK_BITS4, NETWORK_BITS6);
}

void client_address(const struct http_client *client, struct span forwarded,
                    char address[static NETWORK_TEXT_SIZE])
{
    const struct forwarded_rule rule = rule_of(client);
    struct network_address peer = peer_address(client);

    if (peer.known) {
        peer = forwarded_client(&rule, &peer, forwarded);
    }
    network_address_text(&peer, address);
}
