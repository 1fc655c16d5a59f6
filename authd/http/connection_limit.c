#include "http/connection_limit.h"

#include <event2/event.h>

#include "base/log.h"
#include "core/core.h"
#include "loop/loop.h"

#define REPORT_S 60

/* ---- the log ------------------------------------------------------------------------------- */

static void report(struct connection_limit *limit)
{
    const struct timeval interval = {.tv_sec = REPORT_S};

    log_message(LOG_WARNING, "too-many-connections",
                "http: too many connections; connections without a request in progress, or new "
                "ones, that were closed: %u",
                limit->closed);
    limit->closed = 0;
    evtimer_add(&limit->report, &interval);
}

static void on_report(int fd, short events, void *arg)
{
    struct connection_limit *limit = arg;

    (void)fd;
    (void)events;
    if (limit->closed > 0) {
        report(limit);
    }
}

static void count_closed(struct connection_limit *limit)
{
    limit->closed++;
    if (!evtimer_pending(&limit->report, NULL)) {
        report(limit);
    }
}

void connection_limit_init(struct connection_limit *limit, struct relays *relays, unsigned most)
{
    *limit = (struct connection_limit){.relays = relays, .most = most};
    evtimer_assign(&limit->report, loop_base(relays->core->loop), on_report, limit);
}

void connection_limit_finish(struct connection_limit *limit)
{
    event_del(&limit->report);
}

/* ---- room ---------------------------------------------------------------------------------- */

/* Connections that count against one limit. */
struct group {
    const struct network *network; /* of this network; NULL: of any */
    bool guests;                   /* only of clients that are no administrators by peer */
};

static bool group_has(const struct group *group, const struct relay *relay)
{
    if (group->guests && client_is_admin(&relay->client)) {
        return false;
    }
    return group->network == NULL || network_contains(group->network, &relay->network.base);
}

static unsigned group_count(const struct group *group, const struct relays *relays)
{
    const struct relay *relay;
    unsigned count = 0;

    TAILQ_FOREACH (relay, &relays->open, link) {
        count += group_has(group, relay);
    }
    return count;
}

static struct relay *group_oldest_idle(const struct group *group, const struct relays *relays)
{
    struct relay *relay;

    TAILQ_FOREACH (relay, &relays->open, link) {
        if (group_has(group, relay) && !relay_is_busy(relay)) {
            return relay;
        }
    }
    return NULL;
}

/* False: the group is full, and every connection in it has a request in progress. */
static bool group_make_room(const struct group *group, unsigned most,
                            struct connection_limit *limit)
{
    struct relay *oldest;

    if (group_count(group, limit->relays) < most) {
        return true;
    }
    count_closed(limit);
    oldest = group_oldest_idle(group, limit->relays);
    if (oldest != NULL) {
        relay_close(oldest);
    }
    return oldest != NULL;
}

bool connection_limit_admit(struct connection_limit *limit, const struct http_client *client,
                            const struct network *network)
{
    const struct group of_network = {.network = network};
    const struct group guests = {.guests = true};
    const struct group all = {0};

    if (network->base.known && !group_make_room(&of_network, CONNECTION_LIMIT_NETWORK, limit)) {
        return false;
    }
    if (!client_is_admin(client) && !group_make_room(&guests, limit->most / 2, limit)) {
        return false;
    }
    return group_make_room(&all, limit->most, limit);
}
