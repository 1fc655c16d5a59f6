#include "notify/notices.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/core.h"
#include "loop/loop.h"
#include "notify/mail.h"
#include "notify/notice_text.h"
#include "store/db.h"

#define TICK_MS 2000
#define BATCH_MAX                                                                                  \
    8 /* few of MAIL_QUEUE_LIMIT; all end before the database hands them out again                 \
       */
#define EXPIRE_MS    60000
#define EXPIRE_BOUND 1000
#define DATABASE_MS  10000
#define TEXT_MAX     4096

/* The columns of authd.notices_take(). */
enum { ID, KIND, DETAILS, LOGIN, MAIL_TO, AT };

struct sending {
    struct notices *notices;
    struct mail_job *mail_job; // the mail under way; NULL: sent or failed
    char *id;
    char *kind;
    char *login;
    enum mail_result result; // of the mail, when it is no longer under way
};

struct notices {
    struct core *core;
    struct event timer;
    struct db_unit *unit; // takes, records or forgets notices; NULL: none of these
    struct sending batch[BATCH_MAX];
    unsigned count;      // notices in `batch`: taken and not recorded yet
    unsigned open;       // notices in `batch` whose mail is under way
    int64_t expire_next; // clock_ms() from which old notices are forgotten
    bool draining;
};

static void notices_take(struct notices *notices);

/* ---- recording ----------------------------------------------------------------------------- */

static void batch_clear(struct notices *notices)
{
    for (unsigned i = 0; i < notices->count; i++) {
        free(notices->batch[i].id);
        free(notices->batch[i].kind);
        free(notices->batch[i].login);
    }
    notices->count = 0;
}

static void on_recorded(const struct db_result *result, void *arg)
{
    struct notices *notices = arg;
    bool more = notices->count == BATCH_MAX;

    notices->unit = NULL;
    if (result->status != DB_OK) {
        return; /* the next tick tries again: notices without a record would be sent twice */
    }
    for (unsigned i = 0; i < notices->count; i++) {
        more = more && notices->batch[i].result != MAIL_FAILED;
    }
    batch_clear(notices);
    if (more && !notices->draining) {
        notices_take(notices);
    }
}

static void add_ids(const struct notices *notices, enum mail_result result, struct db_unit *unit)
{
    const char *ids[BATCH_MAX];
    size_t count = 0;

    for (unsigned i = 0; i < notices->count; i++) {
        if (notices->batch[i].result == result) {
            ids[count++] = notices->batch[i].id;
        }
    }
    db_unit_text_array(unit, ids, count);
}

static void notices_record(struct notices *notices)
{
    notices->unit = db_unit_create(STATEMENT_NOTICES_RECORD);
    add_ids(notices, MAIL_SENT, notices->unit);
    add_ids(notices, MAIL_FAILED, notices->unit);
    add_ids(notices, MAIL_NO_UTF8, notices->unit);
    db_run(notices->core->db, notices->unit, DATABASE_MS, on_recorded, notices);
}

/* ---- sending ------------------------------------------------------------------------------- */

static void sending_log(const struct sending *sending, const char *why)
{
    static const char *const outcomes[] = {
        [MAIL_FAILED] = "failed",
        [MAIL_SENT] = "sent",
        [MAIL_NO_UTF8] = "undeliverable",
    };
    struct log_line line;

    log_begin(&line, sending->result == MAIL_SENT ? LOG_INFO : LOG_WARNING, "notice");
    log_text(&line, "user", sending->login);
    log_text(&line, "kind", sending->kind);
    log_text(&line, "outcome", outcomes[sending->result]);
    log_text(&line, "why", why);
    log_end(&line);
}

static void on_mailed(enum mail_result result, const char *why, void *arg)
{
    struct sending *sending = arg;
    struct notices *notices = sending->notices;

    sending->mail_job = NULL;
    sending->result = result;
    sending_log(sending, result == MAIL_SENT ? NULL : why);
    if (--notices->open == 0) {
        notices_record(notices);
    }
}

static struct mail_job *sending_start(struct sending *sending, const struct db_result *result,
                                      int row)
{
    json_t *details = json_loads(db_text(result, row, DETAILS), 0, NULL);
    const struct notice notice = {
        .kind = sending->kind,
        .login = sending->login,
        .at = db_text(result, row, AT),
        .details = details,
    };
    struct buf text;

    buf_init(&text, TEXT_MAX);
    notice_write(&notice, &text);
    buf_append(&text, "", 1);
    const struct mail mail = {
        .to = db_text(result, row, MAIL_TO),
        .subject = notice_subject(sending->kind),
        .text = text.data,
    };
    struct mail_job *mail_job =
        text.overflow ? NULL : mail_send(sending->notices->core, &mail, on_mailed, sending);

    buf_finish(&text);
    json_decref(details);
    return mail_job;
}

static void on_taken(const struct db_result *result, void *arg)
{
    struct notices *notices = arg;

    notices->unit = NULL;
    if (result->status != DB_OK) {
        return; /* the next tick tries again */
    }
    for (int row = 0; row < result->rows; row++) {
        struct sending *sending = &notices->batch[notices->count++];

        *sending = (struct sending){
            .notices = notices,
            .id = mem_strdup(db_text(result, row, ID)),
            .kind = mem_strdup(db_text(result, row, KIND)),
            .login = mem_strdup(db_text(result, row, LOGIN)),
        };
        sending->mail_job = sending_start(sending, result, row);
        if (sending->mail_job != NULL) {
            notices->open++;
        } else {
            sending_log(sending, "too many mails wait, or the notice cannot be written as a mail");
        }
    }
    if (notices->count > 0 && notices->open == 0) {
        notices_record(notices);
    }
}

static void notices_take(struct notices *notices)
{
    notices->unit = db_unit_create(STATEMENT_NOTICES_TAKE);
    db_unit_int(notices->unit, BATCH_MAX);
    db_run(notices->core->db, notices->unit, DATABASE_MS, on_taken, notices);
}

/* ---- forgetting ---------------------------------------------------------------------------- */

static void on_expired(const struct db_result *result, void *arg)
{
    struct notices *notices = arg;

    notices->unit = NULL;
    for (int row = 0; result->status == DB_OK && row < result->rows; row++) {
        struct log_line line;

        log_begin(&line, LOG_WARNING, "notice");
        log_text(&line, "user", db_text(result, row, 1));
        log_text(&line, "kind", db_text(result, row, 0));
        log_text(&line, "outcome", "given-up");
        log_number(&line, "attempts", db_int(result, row, 2));
        log_end(&line);
    }
}

static void notices_expire(struct notices *notices)
{
    notices->expire_next = clock_ms() + EXPIRE_MS;
    notices->unit = db_unit_create(STATEMENT_NOTICES_EXPIRE);
    db_unit_int(notices->unit, EXPIRE_BOUND);
    db_run(notices->core->db, notices->unit, DATABASE_MS, on_expired, notices);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct notices *notices = arg;

    (void)fd;
    (void)what;
    if (notices->unit != NULL || notices->open > 0) {
        return;
    }
    if (notices->count > 0) {
        notices_record(notices);
    } else if (notices->draining) {
        return;
    } else if (clock_ms() >= notices->expire_next) {
        notices_expire(notices);
    } else if (notices->core->site.mail_from != NULL) {
        notices_take(notices);
    }
}

struct notices *notices_create(struct core *core)
{
    const struct timeval tick = {.tv_sec = TICK_MS / 1000};
    struct notices *notices = mem_new(struct notices);

    notices->core = core;
    notices->expire_next = clock_ms() + EXPIRE_MS;
    event_assign(&notices->timer, loop_base(core->loop), -1, EV_PERSIST, on_tick, notices);
    event_add(&notices->timer, &tick);
    return notices;
}

bool notices_drain(struct notices *notices)
{
    notices->draining = true;
    return notices->unit == NULL && notices->count == 0;
}

void notices_destroy(struct notices *notices)
{
    if (notices == NULL) {
        return;
    }
    event_del(&notices->timer);
    if (notices->unit != NULL) {
        db_cancel(notices->unit);
    }
    for (unsigned i = 0; i < notices->count; i++) {
        if (notices->batch[i].mail_job != NULL) {
            mail_cancel(notices->batch[i].mail_job);
        }
    }
    batch_clear(notices);
    free(notices);
}
