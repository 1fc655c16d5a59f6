#include "http/relay.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "core/core.h"
#include "http/refusal.h"
#include "loop/listen.h"
#include "loop/loop.h"

#define SILENCE_S    30
#define REQUEST_S    10
#define LINGER_S     2
#define END_PAUSE_MS 20
#define PIECE_SIZE   4096 /* octets that are read from the client at once */
#define IN_MAX       (FRAMING_HEAD_MAX + 2 * PIECE_SIZE) /* a head too long, and a piece */
#define ANSWER_SIZE  (16 * 1024) /* octets of an answer that are read at once */
#define OUT_MAX      (ANSWER_SIZE + 4096)

static void timer_set(struct event *timer, int seconds)
{
    const struct timeval timeout = {.tv_sec = seconds};

    evtimer_add(timer, &timeout);
}

static void request_begins(struct relay *relay)
{
    if (!evtimer_pending(&relay->late, NULL)) {
        timer_set(&relay->late, REQUEST_S);
    }
}

/* ---- libmicrohttpd's side ------------------------------------------------------------------ */

static void on_ready(int fd, short events, void *arg);

static void inner_close(struct relay *relay)
{
    if (relay->inner < 0) {
        return;
    }
    event_del(&relay->inner_readable);
    event_del(&relay->inner_writable);
    close(relay->inner);
    relay->inner = -1;
}

/* False: there are no descriptors left for this client. */
static bool pair_make(const struct http_client *client, int pair[static 2])
{
    int limit = listen_descriptor_limit(client_is_admin(client));

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    if (pair[0] < limit && pair[1] < limit) {
        return true;
    }
    close(pair[0]);
    close(pair[1]);
    return false;
}

/* False: there are no descriptors left for this client. */
static bool inner_open(struct relay *relay)
{
    struct event_base *base = loop_base(relay->relays->core->loop);
    int pair[2];

    if (relay->inner >= 0) {
        return true;
    }
    if (!pair_make(&relay->client, pair)) {
        return false;
    }
    if (!relay->relays->connect(relay->relays, relay, pair[1])) {
        close(pair[0]);
        return false;
    }
    relay->inner = pair[0];
    event_assign(&relay->inner_readable, base, pair[0], EV_READ, on_ready, relay);
    event_assign(&relay->inner_writable, base, pair[0], EV_WRITE, on_ready, relay);
    return true;
}

/* ---- refusals ------------------------------------------------------------------------------ */

/* The relay answers instead of libmicrohttpd. */
static void refuse(struct relay *relay, const struct problem *problem, const char *reason)
{
    relay->client.refused = true;
    inner_close(relay);
    refusal_append(&relay->out, &relay->client, &relay->relays->core->site.public_url, problem,
                   reason);
    relay->checked = 0;
    buf_finish(&relay->in);
    event_del(&relay->late);
    relay->state = RELAY_ENDING;
}

static void refuse_framing(struct relay *relay)
{
    char detail[128];

    if (relay->client.answered) { /* an answer that came before the body's end is on its way */
        relay->state = RELAY_ANSWER;
        return;
    }
    snprintf(detail, sizeof(detail), "the request %s", relay->framing.flaw);
    refuse(relay, &(struct problem){.type = relay->framing.problem, .detail = detail}, "malformed");
}

/* The client left, or was too slow. Before a request's head is whole, nobody else logs that. */
static void give_up(struct relay *relay, const char *reason)
{
    if (relay->state == RELAY_HEAD && relay->in.len > 0) {
        refusal_log(&relay->client, reason);
    }
    relay->state = RELAY_GONE;
}

/* ---- one step: each returns true if something moved --------------------------------------- */

static bool write_client(struct relay *relay)
{
    size_t count;
    enum transport_result result;

    if (relay->out.len == 0) {
        return false;
    }
    result = transport_write(&relay->transport, buf_span(&relay->out), &count);
    if (result == TRANSPORT_DONE) {
        buf_consume(&relay->out, count);
        if (relay->out.len == 0) {
            buf_finish(&relay->out);
        }
        return true;
    }
    if (result == TRANSPORT_BROKEN || result == TRANSPORT_ENDED) {
        relay->state = RELAY_GONE;
    }
    return false;
}

static bool read_inner(struct relay *relay)
{
    if (relay->inner < 0 || relay->out.len > 0) {
        return false;
    }
    char answer[ANSWER_SIZE];
    ssize_t count = recv(relay->inner, answer, sizeof(answer), 0);

    if (count > 0) {
        buf_append(&relay->out, answer, (size_t)count);
        secret_wipe(answer, (size_t)count);
        return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        inner_close(relay);
        relay->state = RELAY_ENDING;
    }
    return false;
}

/* Frees the memory for the client's octets, unless more of a body is to come. */
static void in_release(struct relay *relay)
{
    if (relay->in.len == 0 && relay->state != RELAY_BODY) {
        buf_finish(&relay->in);
    }
}

static bool write_inner(struct relay *relay)
{
    if (relay->inner < 0 || relay->checked == 0) {
        return false;
    }
    ssize_t count = send(relay->inner, relay->in.data, relay->checked, MSG_NOSIGNAL);

    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (count < 0) { /* libmicrohttpd has closed its end, as read_inner() will see */
        count = (ssize_t)relay->checked;
    }
    buf_consume(&relay->in, (size_t)count);
    relay->checked -= (size_t)count;
    in_release(relay);
    return true;
}

/* All of the request is here. */
static void request_ends(struct relay *relay)
{
    event_del(&relay->late);
    relay->state = RELAY_ANSWER;
}

static bool check_head(struct relay *relay)
{
    struct framing *framing = &relay->framing;
    size_t length = framing_head(framing, buf_span(&relay->in));

    if (framing->state == FRAMING_REFUSED) {
        refuse_framing(relay);
        return true;
    }
    if (length == 0) {
        return false;
    }
    if (!inner_open(relay)) {
        const struct problem problem = {
            .type = PROBLEM_UNAVAILABLE,
            .detail = "authd may not open more files",
            .hint = "Try again.",
        };

        refuse(relay, &problem, "short-of-descriptors");
        return true;
    }
    buf_consume(&relay->in, framing->skip);
    relay->checked = length - framing->skip;
    if (framing->state == FRAMING_WHOLE) {
        request_ends(relay);
    } else {
        relay->state = RELAY_BODY;
    }
    return true;
}

static bool check_body(struct relay *relay)
{
    struct span rest = {relay->in.data + relay->checked, relay->in.len - relay->checked};
    size_t length = framing_body(&relay->framing, rest);

    relay->checked += length;
    if (relay->framing.state == FRAMING_REFUSED) {
        refuse_framing(relay);
        return true;
    }
    if (relay->framing.state == FRAMING_WHOLE) {
        request_ends(relay);
    }
    return length > 0;
}

/* The answers to earlier requests are out before the next request is looked at. */
static bool check(struct relay *relay)
{
    if (relay->state == RELAY_HEAD && relay->in.len > 0 && relay->out.len == 0) {
        return check_head(relay);
    }
    return relay->state == RELAY_BODY && relay->in.len > relay->checked && check_body(relay);
}

static bool wants_input(const struct relay *relay)
{
    return !relay->ended && relay->in.len + PIECE_SIZE <= IN_MAX &&
           (relay->state == RELAY_HEAD || relay->state == RELAY_BODY);
}

static bool read_client(struct relay *relay)
{
    size_t count;

    relay->shake_write = false;
    if (!wants_input(relay)) {
        return false;
    }
    char *room = buf_reserve(&relay->in, PIECE_SIZE);
    enum transport_result result = transport_read(&relay->transport, room, PIECE_SIZE, &count);

    if (result == TRANSPORT_DONE) {
        relay->in.len += count;
        request_begins(relay);
        return true;
    }
    in_release(relay);
    relay->shake_write = result == TRANSPORT_WANTS_WRITE;
    relay->ended = result == TRANSPORT_ENDED;
    if (result == TRANSPORT_BROKEN) {
        give_up(relay, "client-gone");
    }
    return relay->ended;
}

static bool inner_is_read(const struct relay *relay)
{
    int waiting;

    return ioctl(relay->inner, SIOCOUTQ, &waiting) == 0 && waiting == 0;
}

/* The client has ended, so the request that it began never comes whole. If the head came,
 * libmicrohttpd learns of the end, and may still have a refusal. libmicrohttpd does not see an end
 * that comes together with octets, so it has to read these first. */
static bool end_unfinished(struct relay *relay)
{
    const struct timeval pause = {.tv_usec = END_PAUSE_MS * 1000};

    if (!relay->ended || relay->out.len > 0 || relay->checked > 0) {
        return false;
    }
    if (relay->state == RELAY_HEAD) {
        give_up(relay, "client-gone");
    } else if (relay->state == RELAY_BODY && !inner_is_read(relay)) {
        evtimer_add(&relay->again, &pause);
    } else if (relay->state == RELAY_BODY) {
        shutdown(relay->inner, SHUT_WR);
        relay->state = RELAY_ANSWER;
    }
    return false;
}

/* A socket that is closed with unread input is reset, and the client may lose the answer. So the
 * client is to close first, for a moment. */
static bool end(struct relay *relay)
{
    if (relay->state == RELAY_ENDING && relay->out.len == 0) {
        inner_close(relay);
        transport_end(&relay->transport);
        relay->state = relay->ended ? RELAY_GONE : RELAY_LINGER;
        event_del(&relay->late);
        timer_set(&relay->idle, LINGER_S);
    }
    return false;
}

/* Reads once, so that a client that sends without end does not keep the loop. */
static void discard(struct relay *relay)
{
    char octets[PIECE_SIZE];
    size_t count;
    enum transport_result result =
        transport_read(&relay->transport, octets, sizeof(octets), &count);

    secret_wipe(octets, sizeof(octets));
    if (result == TRANSPORT_ENDED || result == TRANSPORT_BROKEN) {
        relay->state = RELAY_GONE;
    }
}

static bool step(struct relay *relay)
{
    return relay->state < RELAY_LINGER &&
           (write_client(relay) || read_inner(relay) || write_inner(relay) || check(relay) ||
            read_client(relay) || end_unfinished(relay) || end(relay));
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void want(struct event *event, bool wanted)
{
    if (wanted) {
        event_add(event, NULL);
    } else {
        event_del(event);
    }
}

void relay_run(struct relay *relay)
{
    if (relay->state < RELAY_LINGER) {
        timer_set(&relay->idle, SILENCE_S);
    }
    while (step(relay)) {
    }
    if (relay->state == RELAY_GONE) {
        relay_close(relay);
        return;
    }
    want(&relay->readable, wants_input(relay) || relay->state == RELAY_LINGER);
    want(&relay->writable, relay->out.len > 0 || relay->shake_write);
    if (relay->inner >= 0) {
        want(&relay->inner_readable, relay->out.len == 0);
        want(&relay->inner_writable, relay->checked > 0);
    }
}

static void on_ready(int fd, short events, void *arg)
{
    struct relay *relay = arg;

    (void)fd;
    (void)events;
    if (relay->state == RELAY_LINGER) {
        discard(relay);
    }
    relay_run(relay);
}

static void on_late(int fd, short events, void *arg)
{
    struct relay *relay = arg;

    (void)fd;
    (void)events;
    relay->client.slow = true;
    give_up(relay, "client-slow");
    relay_close(relay);
}

/* ---- life ---------------------------------------------------------------------------------- */

void relay_create(struct relays *relays, const struct http_client *client,
                  const struct network *network, int fd)
{
    struct event_base *base = loop_base(relays->core->loop);
    struct relay *relay = mem_new(struct relay);

    relay->client = *client;
    relay->relays = relays;
    relay->network = *network;
    relay->inner = -1;
    buf_init(&relay->in, IN_MAX);
    buf_init(&relay->out, OUT_MAX);
    transport_open(&relay->transport, fd, client->listener->tls);
    event_assign(&relay->readable, base, fd, EV_READ, on_ready, relay);
    event_assign(&relay->writable, base, fd, EV_WRITE, on_ready, relay);
    event_assign(&relay->again, base, -1, 0, on_ready, relay);
    evtimer_assign(&relay->late, base, on_late, relay);
    evtimer_assign(&relay->idle, base, on_late, relay);
    TAILQ_INSERT_TAIL(&relays->open, relay, link);
    if (relay->transport.session != NULL) {
        request_begins(relay);
    }
    relay_run(relay);
}

void relay_close(struct relay *relay)
{
    struct relays *relays = relay->relays;

    inner_close(relay);
    event_del(&relay->readable);
    event_del(&relay->writable);
    event_del(&relay->again);
    event_del(&relay->late);
    event_del(&relay->idle);
    transport_close(&relay->transport);
    buf_finish(&relay->in);
    buf_finish(&relay->out);
    TAILQ_REMOVE(&relays->open, relay, link);
    relay->closed = true;
    if (!relay->held) {
        free(relay);
    }
}

void relay_release(struct relay *relay)
{
    relay->held = false;
    if (relay->closed) {
        free(relay);
    }
}

/* The rest happens in a turn of the loop's own, because libmicrohttpd calls this. */
void relay_completed(struct relay *relay)
{
    if (relay->closed || relay->state > RELAY_ANSWER) {
        return;
    }
    if (relay->state == RELAY_ANSWER && relay->framing.state == FRAMING_WHOLE &&
        relay->checked == 0 && !relay->relays->draining) {
        relay->state = RELAY_HEAD;
        relay->framing = (struct framing){0};
        if (relay->in.len > 0) {
            request_begins(relay);
        }
    } else {
        relay->state = RELAY_ENDING;
    }
    event_active(&relay->again, EV_TIMEOUT, 0);
}

bool relay_is_busy(const struct relay *relay)
{
    return relay->state == RELAY_BODY || relay->state == RELAY_ANSWER || relay->out.len > 0 ||
           event_pending(&relay->again, EV_TIMEOUT, NULL); /* the answer is in the pair */
}

void relay_drain(struct relay *relay)
{
    if (!relay_is_busy(relay)) {
        relay_close(relay);
    } else if (relay->state == RELAY_HEAD) {
        relay->state = RELAY_ENDING;
    }
}
