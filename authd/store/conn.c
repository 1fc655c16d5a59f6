/* One libpq connection on the event loop.
 *
 * libpq never blocks: host names are resolved on a worker, and connecting and sending are polled.
 * PQconnectPoll() ignores connect_timeout, so a timer here limits each attempt. A server that hangs
 * in the middle of a list of hosts would use up every attempt; therefore an attempt that runs into
 * the timer makes the next attempt begin one host later.
 */
#include "store/conn.h"

#include <event2/event.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "loop/loop.h"
#include "store/resolver.h"

/* The limit of one attempt, from connect() to the end of the schema check. */
#define ATTEMPT_MS 2000
/* A database that is back is noticed within BACKOFF_MAX_MS. */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 1000

static void timer_start(struct conn *conn, unsigned ms)
{
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    event_add(&conn->timer, &delay);
}

/* Waits for a random time between half and all of the back-off, so that the nodes of a site
 * reconnect at different times. */
static void backoff_start(struct conn *conn)
{
    uint32_t random = 0;
    secret_random(&random, sizeof random);
    unsigned half = conn->delay_ms / 2;
    timer_start(conn, half + random % (half + 1));
    conn->delay_ms = conn->delay_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : conn->delay_ms * 2;
}

static void conn_close(struct conn *conn)
{
    event_del(&conn->timer);
    event_del(&conn->io);
    event_del(&conn->writable);
    if (conn->resolve != NULL) {
        resolver_cancel(conn->resolve);
        conn->resolve = NULL;
    }
    PQfinish(conn->pg);
    conn->pg = NULL;
    conn->state = CONN_DOWN;
}

/* Ends a connection or an attempt. `message` may belong to libpq. The caller must return at
 * once. */
static void conn_lose(struct conn *conn, const char *message, bool unusable)
{
    struct err why;
    err_set(&why, "%s", message);
    struct conn_loss loss = {
        .was_up = conn->state == CONN_UP,
        .up_since = conn->up_since,
        .unusable = unusable,
        .why = why.text,
    };
    conn_close(conn);
    backoff_start(conn);
    TAILQ_INIT(&loss.units);
    TAILQ_CONCAT(&loss.units, &conn->in_flight, link);
    conn->in_flight_count = 0;
    conn->options.ops->down(conn->options.owner, &loss);
}

void conn_reset(struct conn *conn, const char *why)
{
    conn_lose(conn, why, false);
}

/* ---- connecting --------------------------------------------------------------------------------
 */

static void on_io(evutil_socket_t fd, short what, void *arg);

/* Registers the socket anew: since the last call libpq may have closed the socket and opened
 * another with the same number. */
static void conn_watch(struct conn *conn, short what)
{
    event_del(&conn->io);
    event_assign(&conn->io, loop_base(conn->options.loop), PQsocket(conn->pg), what, on_io, conn);
    event_add(&conn->io, NULL);
}

/* Drops the server's warnings, which libpq would otherwise write to stderr. */
static void ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

static void conn_connect(struct conn *conn, const struct endpoints *endpoints)
{
    conn->pg = conninfo_connect(conn->options.target, endpoints, conn->first);
    if (PQstatus(conn->pg) == CONNECTION_BAD) {
        conn_lose(conn, PQerrorMessage(conn->pg), false);
        return;
    }
    PQsetNoticeReceiver(conn->pg, ignore_notice, NULL);
    conn->state = CONN_CONNECTING;
    timer_start(conn, ATTEMPT_MS);
    conn_watch(conn, EV_WRITE);
}

static void on_resolved(void *owner, const struct endpoints *found, const char *why)
{
    struct conn *conn = owner;
    conn->resolve = NULL;
    if (found == NULL) {
        conn_lose(conn, why, false);
        return;
    }
    conn_connect(conn, found);
}

static void conn_attempt(struct conn *conn)
{
    const struct endpoints *endpoints = &conn->options.target->endpoints;
    if (endpoints->count == 0) {
        conn_lose(conn, "database.url is not a connection string of PostgreSQL", false);
        return;
    }
    bool names = false;
    for (unsigned i = 0; i < endpoints->count; i++) {
        names = names || endpoint_is_name(&endpoints->list[i]);
    }
    if (!names) {
        conn_connect(conn, endpoints);
        return;
    }
    conn->state = CONN_RESOLVING;
    conn->resolve = resolver_start(conn->options.resolver, endpoints, on_resolved, conn);
    if (conn->resolve == NULL) {
        conn_lose(conn, "the resolver's queue is full", false);
    }
}

static void conn_prepare(struct conn *conn)
{
    conn->state = CONN_PREPARING;
    if (PQsetnonblocking(conn->pg, 1) != 0 || !PQenterPipelineMode(conn->pg) ||
        !conn_setup_begin(&conn->setup, conn->pg, conn->options.lane)) {
        conn_lose(conn, PQerrorMessage(conn->pg), false);
        return;
    }
    event_assign(&conn->writable, loop_base(conn->options.loop), PQsocket(conn->pg), EV_WRITE,
                 on_io, conn);
    conn_watch(conn, EV_READ | EV_PERSIST);
    conn_flush(conn);
}

static void conn_poll(struct conn *conn)
{
    event_del(&conn->io); /* the event must be gone before libpq closes the socket */
    switch (PQconnectPoll(conn->pg)) {
    case PGRES_POLLING_READING:
        conn_watch(conn, EV_READ);
        return;
    case PGRES_POLLING_WRITING:
    case PGRES_POLLING_ACTIVE:
        conn_watch(conn, EV_WRITE);
        return;
    case PGRES_POLLING_OK:
        conn_prepare(conn);
        return;
    case PGRES_POLLING_FAILED:
        conn_lose(conn, PQerrorMessage(conn->pg), false);
        return;
    }
}

static void conn_prepared(struct conn *conn)
{
    struct err why;
    switch (conn_setup_check(&conn->setup, conn->options.keys, &why)) {
    case CONN_SETUP_USABLE:
        event_del(&conn->timer);
        conn->state = CONN_UP;
        conn->up_since = clock_ms();
        conn->delay_ms = BACKOFF_MIN_MS;
        conn->options.ops->up(conn->options.owner);
        return;
    case CONN_SETUP_UNUSABLE:
        conn_lose(conn, why.text, true);
        return;
    case CONN_SETUP_FAILED:
        conn_lose(conn, why.text, false);
        return;
    }
}

/* ---- the pipeline ------------------------------------------------------------------------------
 */

bool conn_has_room(const struct conn *conn)
{
    return conn->state == CONN_UP && conn->in_flight_count < CONN_UNITS_MAX;
}

void conn_send(struct conn *conn, struct db_unit *unit)
{
    TAILQ_INSERT_TAIL(&conn->in_flight, unit, link);
    conn->in_flight_count++;
    const char *name = statement_table[unit->statement].name;
    bool sent =
        PQsendQueryPrepared(conn->pg, name, (int)unit->count, (const char *const *)unit->values,
                            NULL, NULL, 0) &&
        (!unit->dry_run || PQsendQueryPrepared(conn->pg, CONN_DRY_RUN, 0, NULL, NULL, NULL, 0)) &&
        PQpipelineSync(conn->pg);
    if (!sent) {
        conn_lose(conn, PQerrorMessage(conn->pg), false);
    }
}

void conn_flush(struct conn *conn)
{
    int left = PQflush(conn->pg);
    if (left < 0) {
        conn_lose(conn, PQerrorMessage(conn->pg), false);
    } else if (left > 0) {
        event_add(&conn->writable, NULL);
    }
}

/* Loses the connection if `result` is an error after which the connection is useless. True: the
 * connection is lost and `result` was taken over. The unit keeps the error if its transaction is
 * known to have failed with it. */
static bool conn_broken_by(struct conn *conn, struct db_unit *unit, PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    struct unit_failure failure = {DB_DOWN, true, true};
    struct err why;

    if (sqlstate != NULL) {
        failure = unit_failure_of(sqlstate);
    }
    if (!failure.connection_useless) {
        return false;
    }
    err_set(&why, "%s", PQresultErrorMessage(result));
    if (failure.outcome_unknown) {
        PQclear(result);
    } else {
        unit_take(unit, result);
    }
    conn_lose(conn, why.text, false);
    return true;
}

/* Takes over a result of the oldest unit. The unit's outcome is known only with the Sync, which
 * commits. */
static void conn_take(struct conn *conn, PGresult *result)
{
    struct db_unit *unit = TAILQ_FIRST(&conn->in_flight);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        TAILQ_REMOVE(&conn->in_flight, unit, link);
        conn->in_flight_count--;
        conn->options.ops->answered(conn->options.owner, unit);
        return;
    }
    if (status == PGRES_PIPELINE_ABORTED) { /* the statement before it failed */
        PQclear(result);
        return;
    }
    if (status == PGRES_FATAL_ERROR && conn_broken_by(conn, unit, result)) {
        return;
    }
    if (!unit_take(unit, result)) {
        conn_lose(conn, "authd.dry_run() did not roll back", false);
    }
}

static bool conn_expects_results(const struct conn *conn)
{
    return conn->state == CONN_PREPARING ||
           (conn->state == CONN_UP && !TAILQ_EMPTY(&conn->in_flight));
}

static void conn_read(struct conn *conn)
{
    if (!PQconsumeInput(conn->pg)) {
        conn_lose(conn, PQerrorMessage(conn->pg), false);
        return;
    }
    while (conn_expects_results(conn) && !PQisBusy(conn->pg)) {
        PGresult *result = PQgetResult(conn->pg);
        if (result == NULL) { /* the end of one statement's results */
            if (PQstatus(conn->pg) == CONNECTION_BAD) {
                conn_lose(conn, PQerrorMessage(conn->pg), false);
            }
        } else if (conn->state == CONN_UP) {
            conn_take(conn, result);
        } else if (conn_setup_take(&conn->setup, result)) {
            conn_prepared(conn);
        }
    }
}

static void on_io(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    struct conn *conn = arg;
    if (conn->state == CONN_CONNECTING) {
        conn_poll(conn);
    } else if ((what & EV_WRITE) != 0) {
        conn_flush(conn);
    } else {
        conn_read(conn);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct conn *conn = arg;
    if (conn->state == CONN_DOWN) {
        conn_attempt(conn);
        return;
    }
    conn->first = (conn->first + 1) % ENDPOINTS_MAX;
    conn_lose(conn, "the server does not answer", false);
}

void conn_init(struct conn *conn, const struct conn_options *options)
{
    struct event_base *base = loop_base(options->loop);
    *conn = (struct conn){.options = *options, .delay_ms = BACKOFF_MIN_MS};
    TAILQ_INIT(&conn->in_flight);
    event_assign(&conn->io, base, -1, 0, on_io, conn);
    event_assign(&conn->writable, base, -1, 0, on_io, conn);
    event_assign(&conn->timer, base, -1, 0, on_timer, conn);
    timer_start(conn, 0);
}

void conn_retry_now(struct conn *conn)
{
    if (conn->state == CONN_DOWN) {
        timer_start(conn, 0);
    }
}

void conn_finish(struct conn *conn)
{
    conn_close(conn);
    units_drop(&conn->in_flight);
}
