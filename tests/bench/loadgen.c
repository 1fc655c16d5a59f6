/* A load generator for the Dovecot auth protocol: keeps a fixed number of AUTH PLAIN requests in
 * flight on each of a number of connections, checks every reply, and prints one JSON object.
 *
 * The generator shares no code with authd, so that a mistake in authd is not repeated here. It
 * needs little processor time, so that the server gets the processors of a small machine.
 * Connections, requests in flight, memory and the time of the run are bounded.
 *
 * The login and password of user number i are made from patterns, in which `{}` stands for i.
 * Exit status: 0 every reply was right; 1 a reply was wrong or lost; 2 the run could not begin. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"
#include "options.h"

enum {
    LINE_SIZE = 1024, /* one request: PLAIN in base64 takes 4/3 of two names */
    INPUT_SIZE = 65536,
    DRAIN_SECONDS = 10, /* a later answer counts as lost */
};

struct slot {
    uint64_t sent_ns;
    uint32_t id; /* 0: free */
    uint32_t user;
    bool wrong;
};

struct connection {
    int fd;
    bool ready; /* DONE has been read */
    bool mech_plain;
    unsigned number;
    size_t in_length;
    size_t out_length;
    bool blocked; /* epoll waits for room to write */
    char *in;
    char *out;
    struct slot *slots;
};

struct totals {
    uint64_t sent;
    uint64_t pending;
    uint64_t accepted;
    uint64_t refused;
    uint64_t temporary;
    uint64_t mismatches;
    uint64_t lost;
    uint64_t closed;
    uint64_t last_ns; /* when the last measured reply came */
    struct latency latency;
};

struct run {
    struct options options;
    struct totals totals;
    struct connection *connections;
    int epoll;
    unsigned ready;
    uint64_t random;
    uint64_t now;
    uint64_t measure_from;
    uint64_t measure_to;
    double cpu_from;
    double cpu_to;
};

static uint64_t clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static double clock_cpu(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void *memory_zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        give_up("out of memory");
    }
    return memory;
}

/* xorshift64*: cheap and repeatable, which is enough for the order of users. */
static uint32_t random_below(struct run *run, uint32_t limit)
{
    run->random ^= run->random >> 12;
    run->random ^= run->random << 25;
    run->random ^= run->random >> 27;
    uint64_t high = (run->random * UINT64_C(0x2545F4914F6CDD1D)) >> 32;
    return (uint32_t)((high * limit) >> 32);
}

/* ---- requests ---- */

static size_t base64_encode(const unsigned char *in, size_t length, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *at = out;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)in[i] << 16;
        group |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        group |= left > 2 ? in[i + 2] : 0;
        *at++ = digits[group >> 18];
        *at++ = digits[group >> 12 & 63];
        *at++ = '=';
        *at++ = '=';
        if (left > 1) {
            at[-2] = digits[group >> 6 & 63];
        }
        if (left > 2) {
            at[-1] = digits[group & 63];
        }
    }
    return (size_t)(at - out);
}

/* Appends one AUTH line for the slot `index`. Ids are unique, and each leads back to its slot. */
static void request_append(struct run *run, struct connection *connection, unsigned index)
{
    struct slot *slot = &connection->slots[index];
    const struct options *options = &run->options;
    uint32_t step = slot->id == 0 ? index + 1 : slot->id + options->outstanding;

    slot->id = step == 0 || step > UINT32_MAX - options->outstanding ? index + 1 : step;
    slot->user = random_below(run, options->users);
    slot->wrong = options->wrong != 0 && random_below(run, 100) < options->wrong;
    slot->sent_ns = run->now;

    char message[2 * NAME_SIZE + 8];
    size_t length = 0;
    message[length++] = '\0';
    length += pattern_expand(options->login, slot->user, message + length);
    message[length++] = '\0';
    length += pattern_expand(options->password, slot->user, message + length);
    if (slot->wrong) {
        message[length++] = 'X';
    }

    char *line = connection->out + connection->out_length;
    size_t used =
        (size_t)sprintf(line, "AUTH\t%" PRIu32 "\tPLAIN\tservice=smtp\tnologin\tresp=", slot->id);
    used += base64_encode((const unsigned char *)message, length, line + used);
    line[used++] = '\n';
    connection->out_length += used;
    run->totals.sent++;
    run->totals.pending++;
}

static bool run_sending(const struct run *run)
{
    return run->now < run->measure_to &&
           (run->options.count == 0 || run->totals.sent < run->options.count);
}

/* ---- replies ---- */

/* Is `got` this login, with or without the tag of a main password: local#p7@domain? */
static bool user_matches(const char *got, const char *login)
{
    const char *at = strchr(login, '@');
    size_t local = at == NULL ? strlen(login) : (size_t)(at - login);

    if (strncmp(got, login, local) != 0) {
        return false;
    }
    got += local;
    if (strncmp(got, "#p", 2) == 0 && got[2] >= '0' && got[2] <= '9') {
        got += 2 + strspn(got + 2, "0123456789");
    }
    return strcmp(got, login + local) == 0;
}

static bool field_present(const char *fields, const char *wanted)
{
    size_t length = strlen(wanted);
    for (const char *at = fields; at != NULL; at = strchr(at, '\t')) {
        at += *at == '\t';
        if (strncmp(at, wanted, length) == 0 && (at[length] == '\0' || at[length] == '\t')) {
            return true;
        }
    }
    return false;
}

/* Is the verdict the one that this request must get? `fields` is what follows the id. */
static bool verdict_check(struct run *run, const struct slot *slot, bool accepted, char *fields)
{
    struct totals *totals = &run->totals;

    if (!accepted) {
        bool temporary = field_present(fields, "code=temp_fail") || field_present(fields, "temp");
        totals->temporary += temporary;
        totals->refused += !temporary;
        return slot->wrong && !temporary;
    }
    totals->accepted++;
    if (slot->wrong || strncmp(fields, "user=", 5) != 0) {
        return false;
    }
    char login[NAME_SIZE];
    pattern_expand(run->options.login, slot->user, login);
    char *end = strchr(fields, '\t');
    if (end != NULL) {
        *end = '\0';
    }
    return user_matches(fields + 5, login);
}

static void reply_measure(struct run *run, const struct slot *slot)
{
    if (run->now < run->measure_from || run->now >= run->measure_to) {
        return;
    }
    run->totals.last_ns = run->now;
    latency_add(&run->totals.latency, run->now - slot->sent_ns);
}

/* One reply line: OK or FAIL, TAB, the id of a request in flight, then fields. */
static void reply_take(struct run *run, struct connection *connection, char *line)
{
    bool accepted = strncmp(line, "OK\t", 3) == 0;
    if (!accepted && strncmp(line, "FAIL\t", 5) != 0) {
        run->totals.mismatches++;
        return;
    }
    char *end;
    unsigned long id = strtoul(line + (accepted ? 3 : 5), &end, 10);
    unsigned index = id == 0 ? 0 : (unsigned)((id - 1) % run->options.outstanding);
    struct slot *slot = &connection->slots[index];
    if (id == 0 || id != slot->id || slot->sent_ns == 0) {
        run->totals.mismatches++;
        return;
    }
    if (!verdict_check(run, slot, accepted, *end == '\t' ? end + 1 : end)) {
        run->totals.mismatches++;
    }
    reply_measure(run, slot);
    slot->sent_ns = 0;
    run->totals.pending--;
    if (run_sending(run)) {
        request_append(run, connection, index);
    }
}

/* Starts the load. To be called when the last connection is ready, so that all connections take
 * part from the beginning. */
static void load_start(struct run *run)
{
    run->now = clock_ns();
    run->measure_from = run->now + (uint64_t)(run->options.warmup * 1e9);
    run->measure_to = run->measure_from + (uint64_t)(run->options.seconds * 1e9);
    for (unsigned i = 0; i < run->options.connections; i++) {
        for (unsigned j = 0; j < run->options.outstanding && run_sending(run); j++) {
            request_append(run, &run->connections[i], j);
        }
    }
}

static void handshake_take(struct run *run, struct connection *connection, const char *line)
{
    if (strncmp(line, "VERSION\t", 8) == 0 && strncmp(line + 8, "1\t", 2) != 0) {
        give_up("the server speaks another major version");
    }
    if (strncmp(line, "MECH\tPLAIN", 10) == 0) {
        connection->mech_plain = true;
    }
    if (strcmp(line, "DONE") != 0) {
        return;
    }
    if (!connection->mech_plain) {
        give_up("the server does not offer PLAIN");
    }
    connection->ready = true;
    run->ready++;
    if (run->ready == run->options.connections) {
        load_start(run);
    }
}

/* ---- connections ---- */

static void connection_watch(struct run *run, struct connection *connection, int how)
{
    struct epoll_event event = {
        .events = EPOLLIN | (connection->blocked ? EPOLLOUT : 0u),
        .data.u32 = connection->number,
    };
    if (epoll_ctl(run->epoll, how, connection->fd, &event) != 0) {
        give_up(strerror(errno));
    }
}

static void connection_flush(struct run *run, struct connection *connection)
{
    ssize_t n =
        send(connection->fd, connection->out, connection->out_length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        connection->out_length = 0; /* closed: the read side counts the lost requests */
        return;
    }
    size_t done = n < 0 ? 0 : (size_t)n;
    connection->out_length -= done;
    memmove(connection->out, connection->out + done, connection->out_length);
    if (connection->blocked != (connection->out_length != 0)) {
        connection->blocked = connection->out_length != 0;
        connection_watch(run, connection, EPOLL_CTL_MOD);
    }
}

static void connection_close(struct run *run, struct connection *connection)
{
    if (!connection->ready) {
        give_up("a connection was closed in the handshake");
    }
    close(connection->fd);
    connection->fd = -1;
    run->totals.closed++;
    for (unsigned i = 0; i < run->options.outstanding; i++) {
        if (connection->slots[i].sent_ns != 0) {
            connection->slots[i].sent_ns = 0;
            run->totals.pending--;
            run->totals.lost++;
        }
    }
}

static void connection_read(struct run *run, struct connection *connection)
{
    ssize_t n = recv(connection->fd, connection->in + connection->in_length,
                     INPUT_SIZE - connection->in_length, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        connection_close(run, connection);
        return;
    }
    connection->in_length += (size_t)n;

    char *line = connection->in;
    char *stop = connection->in + connection->in_length;
    for (char *end; (end = memchr(line, '\n', (size_t)(stop - line))) != NULL; line = end + 1) {
        *end = '\0';
        if (connection->ready) {
            reply_take(run, connection, line);
        } else {
            handshake_take(run, connection, line);
        }
    }
    connection->in_length = (size_t)(stop - line);
    if (connection->in_length == INPUT_SIZE) {
        give_up("the server sent a line without an end");
    }
    memmove(connection->in, line, connection->in_length);
}

static void connection_open(struct run *run, unsigned number)
{
    struct connection *connection = &run->connections[number];
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    connection->number = number;
    connection->in = memory_zeroed(1, INPUT_SIZE);
    connection->out = memory_zeroed(run->options.outstanding + 1u, LINE_SIZE);
    connection->slots = memory_zeroed(run->options.outstanding, sizeof(struct slot));
    connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strcpy(address.sun_path, run->options.socket);
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        give_up(strerror(errno));
    }
    connection_watch(run, connection, EPOLL_CTL_ADD);
    connection->out_length =
        (size_t)sprintf(connection->out, "VERSION\t1\t2\nCPID\t%d\n", (int)getpid());
}

/* ---- the run ---- */

/* The run is over when every request is answered after the measurement, at the latest DRAIN_SECONDS
 * after it; or DRAIN_SECONDS after `started`, if the handshakes do not end. */
static bool run_over(const struct run *run, uint64_t started)
{
    uint64_t patience = (uint64_t)DRAIN_SECONDS * 1000000000u;
    if (run->measure_to == 0) {
        return run->now > started + patience;
    }
    if (run->totals.closed == run->options.connections) {
        return true;
    }
    if (run_sending(run)) {
        return false;
    }
    return run->totals.pending == 0 || run->now > run->measure_to + patience;
}

static void cpu_sample(struct run *run)
{
    bool measuring = run->now >= run->measure_from && run_sending(run);
    if (measuring && run->cpu_from == 0) {
        run->cpu_from = clock_cpu();
    } else if (measuring) {
        run->cpu_to = clock_cpu();
    }
}

static void run_loop(struct run *run)
{
    struct epoll_event events[64];
    uint64_t started = clock_ns();
    uint64_t sampled = 0;

    run->now = started;
    while (!run_over(run, started)) {
        for (unsigned i = 0; i < run->options.connections; i++) {
            if (run->connections[i].out_length != 0 && run->connections[i].fd >= 0) {
                connection_flush(run, &run->connections[i]);
            }
        }
        int count = epoll_wait(run->epoll, events, 64, 100);
        run->now = clock_ns();
        for (int i = 0; i < count; i++) {
            struct connection *connection = &run->connections[events[i].data.u32];
            if (connection->fd >= 0) {
                connection_read(run, connection);
            }
        }
        if (run->now - sampled > 10000000) {
            cpu_sample(run);
            sampled = run->now;
        }
    }
    if (run->measure_to == 0) {
        give_up("the handshakes did not end in time");
    }
    run->totals.lost += run->totals.pending;
}

static void result_print(const struct run *run)
{
    const struct totals *totals = &run->totals;
    const struct latency *latency = &totals->latency;
    bool early = run->options.count != 0 && totals->last_ns != 0;
    double seconds =
        early ? (double)(totals->last_ns - run->measure_from) / 1e9 : run->options.seconds;

    printf("{\"connections\": %u, \"outstanding\": %u, \"seconds\": %.3f, \"replies\": %" PRIu64,
           run->options.connections, run->options.outstanding, seconds, latency->count);
    printf(", \"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f",
           seconds > 0 ? (double)latency->count / seconds : 0, latency_percentile_us(latency, 0.50),
           latency_percentile_us(latency, 0.99), (double)latency->longest_ns / 1000.0);
    printf(", \"accepted\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"temporary\": %" PRIu64,
           totals->accepted, totals->refused, totals->temporary);
    printf(", \"mismatches\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"closed\": %" PRIu64
           ", \"cpu_seconds\": %.3f}\n",
           totals->mismatches, totals->lost, totals->closed,
           run->cpu_to > 0 ? run->cpu_to - run->cpu_from : 0);
}

int main(int argc, char **argv)
{
    static struct run run = {.random = UINT64_C(0x9E3779B97F4A7C15)};

    options_read(&run.options, argc, argv);
    run.connections = memory_zeroed(run.options.connections, sizeof(struct connection));
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (run.epoll < 0) {
        give_up(strerror(errno));
    }
    for (unsigned i = 0; i < run.options.connections; i++) {
        connection_open(&run, i);
    }
    run_loop(&run);
    result_print(&run);

    const struct totals *totals = &run.totals;
    bool wrong = totals->mismatches != 0 || totals->lost != 0 || totals->closed != 0;
    return wrong || totals->latency.count == 0 ? 1 : 0;
}
