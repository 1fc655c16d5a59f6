#include "fixture.h"

#include <dirent.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) {
        fail_msg("%s is not set: run this by tests/with-postgres", name);
    }
    return value;
}

/* ---- the server --------------------------------------------------------------------------------
 */

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

/* Connects again while the server is stopped, or in recovery after a kill. */
static PGresult *server_try(const char *sql)
{
    static PGconn *pg;
    if (pg == NULL) {
        pg = PQconnectdb(environment("AUTHD_TEST_PG_SUPER"));
        PQsetNoticeProcessor(pg, ignore_notice, NULL);
    }
    for (int tries = 0; tries < 1000; tries++) {
        PGresult *result = PQexec(pg, sql);
        bool lost = PQresultStatus(result) == PGRES_FATAL_ERROR &&
                    PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL;
        if (PQstatus(pg) == CONNECTION_OK && !lost) {
            return result;
        }
        PQclear(result);
        usleep(10000);
        PQreset(pg);
    }
    fail_msg("%s", PQerrorMessage(pg));
    return NULL;
}

const char *server_sql(const char *sql)
{
    static char text[256];
    PGresult *result = server_try(sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    }
    snprintf(text, sizeof text, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return text;
}

long server_number(const char *sql)
{
    return strtol(server_sql(sql), NULL, 10);
}

void server_control(const char *action)
{
    char command[512];
    snprintf(command, sizeof command, "%s %s", environment("AUTHD_TEST_PG_CTL"), action);
    assert_int_equal(system(command), 0);
}

static pid_t postmaster_pid(void)
{
    char path[256];
    int pid = 0;
    snprintf(path, sizeof path, "%s/postmaster.pid", environment("AUTHD_TEST_PG_DATA"));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return pid;
}

static pid_t parent_of(pid_t pid)
{
    char path[64];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1) {
            parent = 0;
        }
        fclose(file);
    }
    return parent;
}

void server_signal(int number)
{
    pid_t postmaster = postmaster_pid();
    kill(postmaster, number);
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    const struct dirent *entry;
    while ((entry = readdir(proc)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && parent_of(pid) == postmaster) {
            kill(pid, number);
        }
    }
    closedir(proc);
}

static bool sleepers_are(void *arg)
{
    return server_number("SELECT count(*) FROM pg_stat_activity WHERE usename = 'authd_service' "
                         "AND wait_event = 'PgSleep'") == *(int *)arg;
}

void server_wait_sleepers(struct fixture *fixture, int count)
{
    loop_run_until(fixture->loop, sleepers_are, &count);
}

/* confirm(id, version): with id -1 it refuses, with -2 it sleeps `version` ms, with -3 it fails
 * with an error that means "cannot tell". Each call is counted in a sequence, which a rollback
 * keeps. */
void fixture_replace_functions(void)
{
    server_sql(
        "CREATE SEQUENCE IF NOT EXISTS authd.test_calls; SELECT setval('authd.test_calls', 1);"
        "CREATE TABLE IF NOT EXISTS authd.test_note (text text); TRUNCATE authd.test_note;"
        "ALTER TABLE authd.test_note OWNER TO authd_owner;"
        "ALTER SEQUENCE authd.test_calls OWNER TO authd_owner;"
        "CREATE OR REPLACE FUNCTION authd.confirm(id bigint, version bigint) RETURNS boolean "
        "LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        "  PERFORM nextval('authd.test_calls');"
        "  IF id = -1 THEN RAISE EXCEPTION USING ERRCODE = 'AU422', MESSAGE = 'no', HINT = 'why';"
        "  ELSIF id = -2 THEN PERFORM pg_sleep(version / 1000.0);"
        "  ELSIF id = -3 THEN RAISE EXCEPTION USING ERRCODE = '40001';"
        "  END IF; RETURN true; END $$;"
        "CREATE OR REPLACE FUNCTION authd.manage(operation text, context jsonb, arguments jsonb)"
        " RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        "  INSERT INTO authd.test_note VALUES (arguments->>'text');"
        "  PERFORM nextval('authd.test_calls');"
        "  PERFORM pg_sleep((arguments->>'ms')::int / 1000.0);"
        "  RETURN arguments; END $$;");
}

/* ---- the pool ----------------------------------------------------------------------------------
 */

static void on_up(void *arg)
{
    struct fixture *fixture = arg;
    fixture->up = true;
    fixture->ups++;
}

static void on_down(void *arg, const char *why)
{
    struct fixture *fixture = arg;
    fixture->up = false;
    fixture->downs++;
    snprintf(fixture->text, sizeof fixture->text, "%s", why);
}

static void on_unusable(void *arg, const char *text)
{
    struct fixture *fixture = arg;
    fixture->unusables++;
    snprintf(fixture->text, sizeof fixture->text, "%s", text);
}

static void on_failed(void *arg, const char *text)
{
    struct fixture *fixture = arg;
    fixture->failures++;
    snprintf(fixture->text, sizeof fixture->text, "%s", text);
}

void fixture_open(struct fixture *fixture, const char *url)
{
    *fixture = (struct fixture){.loop = loop_create()};
    const struct workers_options workers = {.name = "resolver", .threads = 1, .queue_limit = 16};
    fixture->resolver = workers_create(fixture->loop, &workers);
    const struct db_options options = {
        .url = url,
        .read_connections = 2,
        .resolver = fixture->resolver,
        .unusable = on_unusable,
        .failed = on_failed,
        .up = on_up,
        .down = on_down,
        .arg = fixture,
    };
    fixture->db = db_create(fixture->loop, &options);
}

static bool all_connected(void *arg)
{
    /* The pool may not have read its last answers yet: wait for some more polls. */
    int *seen = arg;
    *seen += server_number("SELECT count(*) FROM pg_stat_activity WHERE usename = 'authd_service' "
                           "AND application_name = 'authd' AND state = 'idle'") == 4;
    return *seen > 10;
}

void fixture_open_up(struct fixture *fixture)
{
    fixture_open(fixture, environment("AUTHD_TEST_PG"));
    int seen = 0;
    loop_run_until(fixture->loop, all_connected, &seen);
    assert_int_equal(fixture->ups, 1);
    assert_int_equal(fixture->downs, 0);
}

/* Polls several times: a backend that was starting when its client left may still turn up. */
static bool all_gone(void *arg)
{
    int *seen = arg;
    *seen += server_number("SELECT count(*) FROM pg_stat_activity "
                           "WHERE usename = 'authd_service'") == 0;
    return *seen > 10;
}

void fixture_close(struct fixture *fixture)
{
    int seen = 0;
    db_destroy(fixture->db);
    loop_run_until(fixture->loop, all_gone, &seen);
    workers_destroy(fixture->resolver);
    loop_destroy(fixture->loop);
}

/* ---- units -------------------------------------------------------------------------------------
 */

static int ended;

static void on_done(const struct db_result *result, void *arg)
{
    struct call *call = arg;
    call->unit = NULL;
    call->done++;
    call->order = ended++;
    call->status = result->status;
    call->rows = result->rows;
    const char *text = NULL;
    if (result->status == DB_OK) {
        text = db_text(result, 0, 0);
    } else if (result->status == DB_REFUSED) {
        snprintf(call->sqlstate, sizeof call->sqlstate, "%s", result->sqlstate);
        text = result->message;
    }
    snprintf(call->text, sizeof call->text, "%s", text == NULL ? "" : text);
}

void call_run(struct fixture *fixture, struct call *call, int deadline_ms)
{
    db_run(fixture->db, call->unit, deadline_ms, on_done, call);
    assert_int_equal(call->done, 0);
}

static void confirm(struct fixture *fixture, struct call *call, const int64_t arguments[2],
                    int deadline_ms)
{
    *call = (struct call){.unit = db_unit_create(STATEMENT_CONFIRM)};
    db_unit_int(call->unit, arguments[0]);
    db_unit_int(call->unit, arguments[1]);
    call_run(fixture, call, deadline_ms);
}

void call_read(struct fixture *fixture, struct call *call, int ms, int deadline_ms)
{
    confirm(fixture, call, (const int64_t[]){ms == 0 ? 1 : -2, ms}, deadline_ms);
}

void call_confirm(struct fixture *fixture, struct call *call, int64_t id, int64_t version)
{
    confirm(fixture, call, (const int64_t[]){id, version}, 10000);
}

void call_write(struct fixture *fixture, struct call *call, const char *text, int ms)
{
    char arguments[128];
    snprintf(arguments, sizeof arguments, "{\"text\": \"%s\", \"ms\": %d}", text, ms);
    *call = (struct call){.unit = db_unit_create(STATEMENT_USER_SUSPEND)};
    db_unit_text(call->unit, "{}");
    db_unit_text(call->unit, arguments);
    call_run(fixture, call, 10000);
}

struct call_set {
    struct call *calls;
    size_t count;
};

static bool all_done(void *arg)
{
    const struct call_set *set = arg;
    for (size_t i = 0; i < set->count; i++) {
        if (set->calls[i].done == 0) {
            return false;
        }
    }
    return true;
}

void calls_wait(struct fixture *fixture, struct call *calls, size_t count)
{
    struct call_set set = {calls, count};
    loop_run_until(fixture->loop, all_done, &set);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(calls[i].done, 1);
    }
}
