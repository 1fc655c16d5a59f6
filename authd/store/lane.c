/* The queue, the deadlines and the retries of one lane.
 *
 * Callbacks of units may run, retry and cancel other units. Units that end are therefore first
 * moved to a list of their own, and finished when the lane is consistent again. Cancelling only
 * marks a unit; the function that next handles a marked unit frees it.
 */
#include "store/lane.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

/* ---- deadlines ---------------------------------------------------------------------------------
 */

/* When a waiting unit must be given up. */
static int64_t waiting_due(const struct lane *lane, const struct db_unit *unit)
{
    int64_t give_up = unit->queued + LANE_WAIT_MS;
    return lane->failed && give_up < unit->deadline ? give_up : unit->deadline;
}

static void timer_bring_forward(struct lane *lane, int64_t due)
{
    if (due >= lane->timer_at) {
        return;
    }
    lane->timer_at = due;
    int64_t ms = due - clock_ms();
    if (ms < 1) {
        ms = 1;
    }
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(&lane->timer, &delay);
}

static void timer_rearm(struct lane *lane)
{
    int64_t due = INT64_MAX;
    const struct db_unit *unit;
    TAILQ_FOREACH (unit, &lane->waiting, link) {
        int64_t unit_due = waiting_due(lane, unit);
        due = unit_due < due ? unit_due : due;
    }
    for (unsigned i = 0; i < lane->conn_count; i++) {
        TAILQ_FOREACH (unit, &lane->conns[i].in_flight, link) {
            due = unit->deadline < due ? unit->deadline : due;
        }
    }
    timer_bring_forward(lane, due);
}

static void expire_waiting(struct lane *lane, int64_t now)
{
    struct unit_list ending = TAILQ_HEAD_INITIALIZER(ending);
    struct db_unit *next;
    for (struct db_unit *unit = TAILQ_FIRST(&lane->waiting); unit != NULL; unit = next) {
        next = TAILQ_NEXT(unit, link);
        if (waiting_due(lane, unit) <= now) {
            TAILQ_REMOVE(&lane->waiting, unit, link);
            lane->waiting_count--;
            unit->status = lane->failed ? DB_DOWN : DB_TIMEOUT;
            TAILQ_INSERT_TAIL(&ending, unit, link);
        }
    }
    units_finish(&ending);
}

static void expire_in_flight(struct conn *conn, int64_t now)
{
    const struct db_unit *unit;
    TAILQ_FOREACH (unit, &conn->in_flight, link) {
        if (unit->deadline <= now) {
            conn_reset(conn, "the database did not answer in time");
            return;
        }
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct lane *lane = arg;
    int64_t now = clock_ms();
    lane->timer_at = INT64_MAX;
    expire_waiting(lane, now);
    for (unsigned i = 0; i < lane->conn_count; i++) {
        expire_in_flight(&lane->conns[i], now);
    }
    timer_rearm(lane);
}

/* ---- sending -----------------------------------------------------------------------------------
 */

static struct conn *lane_choose(struct lane *lane)
{
    struct conn *best = NULL;
    for (unsigned i = 0; i < lane->conn_count; i++) {
        struct conn *conn = &lane->conns[i];
        if (conn_has_room(conn) &&
            (best == NULL || conn->in_flight_count < best->in_flight_count)) {
            best = conn;
        }
    }
    return best;
}

/* The lane's hook: sends the waiting units, with one flush for each connection and turn. */
static void lane_send(void *arg)
{
    struct lane *lane = arg;
    units_finish(&lane->rejected);
    struct db_unit *unit;
    struct conn *conn;
    while ((unit = TAILQ_FIRST(&lane->waiting)) != NULL && (conn = lane_choose(lane)) != NULL) {
        TAILQ_REMOVE(&lane->waiting, unit, link);
        lane->waiting_count--;
        if (unit->cancelled) {
            unit_finish(unit, DB_DOWN);
        } else {
            conn_send(conn, unit);
        }
    }
    for (unsigned i = 0; i < lane->conn_count; i++) {
        if (lane->conns[i].state == CONN_UP) {
            conn_flush(&lane->conns[i]);
        }
    }
}

void lane_run(struct lane *lane, struct db_unit *unit)
{
    unit->queued = clock_ms();
    loop_defer(lane->loop, LOOP_DATABASE, &lane->hook);
    if (lane->waiting_count >= LANE_QUEUE_MAX) {
        unit->status = DB_TIMEOUT;
        TAILQ_INSERT_TAIL(&lane->rejected, unit, link);
        return;
    }
    TAILQ_INSERT_TAIL(&lane->waiting, unit, link);
    lane->waiting_count++;
    timer_bring_forward(lane, waiting_due(lane, unit));
}

/* ---- what connections say ----------------------------------------------------------------------
 */

/* Puts a unit whose outcome is unknown, but which is harmless to repeat, back at the head of the
 * queue, once. A server that goes away breaks its connections one after the other: a second loss,
 * on a connection that was up before the first loss, belongs to the same incident and does not
 * count again. */
static bool unit_retry(struct lane *lane, struct db_unit *unit, int64_t up_since)
{
    bool again = unit->lost != 0 && up_since > unit->lost;
    if (unit->cancelled || again || statement_table[unit->statement].kind != KIND_READ) {
        return false;
    }
    unit->queued = clock_ms();
    if (unit->lost == 0) {
        unit->lost = unit->queued;
    }
    PQclear(unit->result);
    unit->result = NULL;
    TAILQ_INSERT_HEAD(&lane->waiting, unit, link);
    lane->waiting_count++;
    loop_defer(lane->loop, LOOP_DATABASE, &lane->hook);
    return true;
}

/* Reports the database's error, if the unit that ends has one. */
static void report_failure(struct lane *lane, const struct db_unit *unit)
{
    if (unit->result != NULL && PQresultStatus(unit->result) == PGRES_FATAL_ERROR) {
        lane->ops->failed(lane, unit);
    }
}

static void conn_answered(void *owner, struct db_unit *unit)
{
    struct lane *lane = owner;
    if (!TAILQ_EMPTY(&lane->waiting)) {
        loop_defer(lane->loop, LOOP_DATABASE, &lane->hook);
    }
    enum db_status status = DB_OK;
    if (PQresultStatus(unit->result) == PGRES_FATAL_ERROR) {
        status = unit_failure_of(PQresultErrorField(unit->result, PG_DIAG_SQLSTATE)).status;
    }
    bool cannot_tell = status == DB_DOWN || status == DB_TIMEOUT;
    if (!cannot_tell || !unit_retry(lane, unit, INT64_MAX)) {
        report_failure(lane, unit);
        unit_finish(unit, status);
    }
}

static void conn_up(void *owner)
{
    struct lane *lane = owner;
    lane->up_count++;
    lane->failed = false;
    loop_defer(lane->loop, LOOP_DATABASE, &lane->hook);
    if (lane->state != LANE_UP) {
        lane->state = LANE_UP;
        lane->ops->up(lane);
    }
}

/* Goes from the last unit to the first, since each retried unit is put before those in the
 * queue. */
static void units_lost(struct lane *lane, struct conn_loss *loss, struct unit_list *ending)
{
    int64_t now = clock_ms();
    struct db_unit *unit;
    while ((unit = TAILQ_LAST(&loss->units, unit_list)) != NULL) {
        TAILQ_REMOVE(&loss->units, unit, link);
        bool late = unit->deadline <= now;
        if (late || !unit_retry(lane, unit, loss->up_since)) {
            unit->status = late ? DB_TIMEOUT : DB_DOWN;
            report_failure(lane, unit);
            TAILQ_INSERT_HEAD(ending, unit, link);
        }
    }
}

static void conn_down(void *owner, struct conn_loss *loss)
{
    struct lane *lane = owner;
    lane->up_count -= loss->was_up;
    lane->failed = lane->up_count == 0 && !loss->was_up;
    struct unit_list ending = TAILQ_HEAD_INITIALIZER(ending);
    units_lost(lane, loss, &ending);
    timer_rearm(lane);
    units_finish(&ending);
    if (loss->unusable) {
        lane->ops->unusable(lane, loss->why);
    }
    if (lane->up_count == 0 && lane->state != LANE_DOWN) {
        lane->state = LANE_DOWN;
        lane->ops->down(lane, loss->why);
    }
}

/* ---- life --------------------------------------------------------------------------------------
 */

static const struct conn_ops conn_ops = {
    .up = conn_up,
    .down = conn_down,
    .answered = conn_answered,
};

void lane_init(struct lane *lane, const struct conn_options *options, unsigned connections,
               const struct lane_ops *ops, void *owner)
{
    *lane = (struct lane){
        .loop = options->loop,
        .ops = ops,
        .owner = owner,
        .conns = mem_calloc(connections, sizeof(struct conn)),
        .conn_count = connections,
        .hook = {.run = lane_send, .arg = lane},
        .timer_at = INT64_MAX,
    };
    TAILQ_INIT(&lane->waiting);
    TAILQ_INIT(&lane->rejected);
    event_assign(&lane->timer, loop_base(lane->loop), -1, 0, on_timer, lane);
    struct conn_options own = *options;
    own.ops = &conn_ops;
    own.owner = lane;
    for (unsigned i = 0; i < connections; i++) {
        conn_init(&lane->conns[i], &own);
    }
}

void lane_retry_now(struct lane *lane)
{
    lane->failed = false; /* the attempts are fresh again, and units wait for them */
    for (unsigned i = 0; i < lane->conn_count; i++) {
        conn_retry_now(&lane->conns[i]);
    }
}

void lane_finish(struct lane *lane)
{
    loop_undefer(lane->loop, &lane->hook);
    event_del(&lane->timer);
    for (unsigned i = 0; i < lane->conn_count; i++) {
        conn_finish(&lane->conns[i]);
    }
    free(lane->conns);
    units_drop(&lane->waiting);
    units_drop(&lane->rejected);
}
