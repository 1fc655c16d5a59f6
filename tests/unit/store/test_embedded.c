/* The private PostgreSQL, on real clusters. As root the test becomes user
 * postgres: PostgreSQL does not run as root. */
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "store/embedded.h"
#include "store/migrate.h"

#define PATIENCE_MS 60000 /* only a failing test waits so long */

static char state_dir[64];
static struct embedded *embedded;

static const char *state_path(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/postgresql/%s", state_dir, name);
    return path;
}

static bool exists(const char *name)
{
    return access(state_path(name), F_OK) == 0;
}

static int remove_entry(const char *path, const struct stat *found, int type, struct FTW *place)
{
    (void)found;
    (void)type;
    (void)place;
    return remove(path);
}

static int postmaster_pid(void)
{
    int pid = 0;
    FILE *file = fopen(state_path("data/postmaster.pid"), "re");
    if (file != NULL) {
        assert_int_equal(fscanf(file, "%d", &pid), 1);
        fclose(file);
    }
    return pid;
}

static void short_sleep(void)
{
    usleep(20000);
}

/* The first column of the first row, or the error of the query or the connection. */
static const char *query(const char *url, const char *sql)
{
    static char text[512];
    PGconn *pg = PQconnectdb(url);
    if (PQstatus(pg) != CONNECTION_OK) {
        snprintf(text, sizeof text, "%s", PQerrorMessage(pg));
        PQfinish(pg);
        return text;
    }
    PGresult *result = PQexec(pg, sql);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0) {
        snprintf(text, sizeof text, "%s", PQgetvalue(result, 0, 0));
    } else {
        snprintf(text, sizeof text, "%s", PQresultErrorMessage(result));
    }
    PQclear(result);
    PQfinish(pg);
    return text;
}

static const char *url_of(const char *database, const char *role)
{
    static char url[512];
    snprintf(url, sizeof url, "host='%s/postgresql/run' dbname=%s user=%s", state_dir, database,
             role);
    return url;
}

static const char *superuser(void)
{
    return url_of("postgres", "postgres");
}

static void start(void)
{
    struct err err = {""};
    embedded = embedded_start(state_dir, &err);
    assert_string_equal(err.text, "");
    assert_non_null(embedded);
}

static void make_state_dir(void)
{
    snprintf(state_dir, sizeof state_dir, P_tmpdir "/authd-store-XXXXXX");
    assert_non_null(mkdtemp(state_dir));
}

static void remove_state_dir(void)
{
    assert_int_equal(nftw(state_dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void become_postgres(void)
{
    const struct passwd *user = getpwnam("postgres");
    assert_non_null(user);
    assert_int_equal(setgroups(0, NULL), 0);
    assert_int_equal(setgid(user->pw_gid), 0);
    assert_int_equal(setuid(user->pw_uid), 0);
    prctl(PR_SET_DUMPABLE, 1); /* the leak checker traces its own process */
}

static int setup(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        struct err err = {""};
        assert_null(embedded_start(P_tmpdir, &err));
        assert_non_null(strstr(err.text, "cannot run as root"));
        become_postgres();
    }
    make_state_dir();
    assert_int_equal(mkdir(state_path(""), 0700), 0);
    FILE *file = fopen(state_path("local.conf"), "we");
    assert_non_null(file);
    fputs("fsync = off # an administrator may; a test is faster\n", file);
    fclose(file);
    start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    embedded_stop(embedded);
    int pid = postmaster_pid();
    remove_state_dir();
    return pid; /* 0: stopped properly */
}

static void roles_and_database_are_made(void **state)
{
    (void)state;
    assert_string_equal(query(embedded_service_url(embedded), "SELECT current_user"),
                        "authd_service");
    assert_string_equal(query(embedded_owner_url(embedded), "SELECT current_user"), "authd_owner");
    assert_string_equal(query(embedded_owner_url(embedded), "SHOW server_encoding"), "UTF8");
    assert_string_equal(query(embedded_service_url(embedded), "SHOW log_parameter_max_length"),
                        "0");
    assert_string_equal(query(superuser(), "SHOW listen_addresses"), "");
    assert_string_equal(query(superuser(), "SELECT setting FROM pg_file_settings"
                                           " WHERE name = 'fsync' ORDER BY seqno LIMIT 1"),
                        "on");
    assert_string_equal(query(superuser(), "SHOW fsync"), "off"); /* local.conf overrides it */
}

static void directories_are_private(void **state)
{
    (void)state;
    const char *const names[] = {"", "data", "run"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat found;
        assert_int_equal(stat(state_path(names[i]), &found), 0);
        assert_int_equal(found.st_mode & 07777, 0700);
    }
}

static void a_second_authd_is_refused(void **state)
{
    (void)state;
    struct err err = {""};
    assert_null(embedded_start(state_dir, &err));
    assert_non_null(strstr(err.text, "in use by another authd"));
}

static void a_long_state_dir_is_refused(void **state)
{
    (void)state;
    struct err err = {""};
    char path[256];
    snprintf(path, sizeof path, "%s/%0*d", state_dir, 70, 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_null(embedded_start(path, &err));
    assert_non_null(strstr(err.text, "choose a shorter state_dir"));
    rmdir(path);
}

static void the_owner_migrates(void **state)
{
    (void)state;
    const struct migrate_options options = {.schema = &program_schema};
    struct migrate_report report;
    struct err err = {""};
    assert_true(migrate_run(embedded_owner_url(embedded), &options, &report, &err));
    assert_int_equal(atoi(query(embedded_service_url(embedded),
                                "SELECT function_set FROM authd.schema_version()")),
                     program_schema.function_set);
    assert_string_equal(
        query(superuser(), "SELECT count(*) FROM pg_class WHERE relname = 'account'"),
        "0"); /* in database postgres */
}

#define CANARY    "canary-4711"
#define ENCRYPTED "$cipher$00000000$AA"

/* The SQLSTATE of a call with parameters. */
static const char *call(const char *sql, const char *const *values, int count)
{
    static char sqlstate[6];
    PGconn *pg = PQconnectdb(embedded_service_url(embedded));
    PGresult *result = PQexecParams(pg, sql, count, NULL, values, NULL, NULL, 0);
    const char *found = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(sqlstate, sizeof sqlstate, "%s", found ? found : "00000");
    PQclear(result);
    PQfinish(pg);
    return sqlstate;
}

static bool log_has(const char *word)
{
    static char text[1 << 16];
    FILE *file = fopen(state_path("log"), "re");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    fclose(file);
    return strstr(text, word) != NULL;
}

/* Values that break a rule are parameters, so PostgreSQL's log names the rule and not the value. */
static void values_are_not_logged(void **state)
{
    (void)state;
    static const char manage[] =
        "SELECT authd.manage('user_add', "
        "'{\"credential\": {\"kind\": \"host\", \"name\": \"test\"}, \"role\": \"host\"}', $1)";
    const char *const add[] = {"{\"login\":\"logged@example.org\",\"account_id\":999999,"
                               "\"password_cipher_version\":1,\"password_hash\":\"" ENCRYPTED
                               "\"}"};
    const char *const bad_json[] = {"{\"password_hash\":\"" CANARY "\",}"};
    const char *const bad_hash[] = {ENCRYPTED, CANARY " with blanks"};
    const char *const bad_text[] = {"{\"login\":\"x@example.org\",\"password_hash\":\"" CANARY
                                    " with blanks\"}"};

    assert_string_equal(call(manage, add, 1), "00000");
    assert_string_equal(call(manage, bad_json, 1), "22P02");
    assert_string_equal(call(manage, bad_text, 1), "AU422");
    assert_string_equal(call("SELECT authd.password_upgrade(l.id, $1, $2)"
                             " FROM authd.login_lookup('{logged@example.org}', '{\"\"}') AS l",
                             bad_hash, 2),
                        "23514");
    assert_true(log_has("violates check constraint"));
    assert_false(log_has(CANARY));
}

/* Starts the embedded server in a child, then kills the child with its whole process group. */
static void start_and_die(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct err err;
        setpgid(0, 0);
        open("/dev/null", O_RDONLY); /* inheritable, but must not reach the server */
        if (embedded_start(state_dir, &err) == NULL) {
            _exit(1);
        }
        kill(0, SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void the_server_outlives_authd(void **state)
{
    (void)state;
    embedded_stop(embedded);
    assert_int_equal(postmaster_pid(), 0);
    start_and_die();
    int pid = postmaster_pid();
    assert_int_not_equal(pid, 0);
    assert_string_equal(query(url_of("authd", "authd_service"), "SELECT 1"), "1");
    start();
    assert_int_equal(postmaster_pid(), pid); /* adopted */
}

static void the_server_holds_no_descriptor_of_ours(void **state)
{
    (void)state;
    char marker[128];
    snprintf(marker, sizeof marker, "%s/marker", state_dir);
    embedded_stop(embedded);
    int fd = open(marker, O_RDWR | O_CREAT, 0600); /* inheritable */
    assert_true(fd > 2);
    start();

    char pattern[64];
    glob_t found;
    snprintf(pattern, sizeof pattern, "/proc/%d/fd/*", postmaster_pid());
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 3);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char target[256] = "";
        if (readlink(found.gl_pathv[i], target, sizeof target - 1) > 0) {
            assert_string_not_equal(target, marker);
        }
    }
    globfree(&found);
    close(fd);

    char stat_path[64];
    int parent = 0, group = 0, session = 0;
    snprintf(stat_path, sizeof stat_path, "/proc/%d/stat", postmaster_pid());
    FILE *file = fopen(stat_path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %*c %d %d %d", &parent, &group, &session), 3);
    fclose(file);
    assert_int_not_equal(parent, getpid());
    assert_int_not_equal(session, getsid(0));
}

static bool half_made(void)
{
    glob_t found;
    bool any = glob(state_path("data.new-*/PG_VERSION"), 0, NULL, &found) == 0;
    globfree(&found);
    return any;
}

static void a_half_made_cluster_is_made_again(void **state)
{
    (void)state;
    char kept[sizeof state_dir];
    memcpy(kept, state_dir, sizeof kept);
    struct embedded *kept_embedded = embedded;

    make_state_dir();
    pid_t child = fork();
    if (child == 0) {
        struct err err;
        embedded_start(state_dir, &err);
        _exit(1);
    }
    for (int64_t end = clock_ms() + PATIENCE_MS; !half_made() && clock_ms() < end;) {
        short_sleep();
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_true(half_made());
    assert_false(exists("data"));

    start();
    assert_string_equal(query(embedded_service_url(embedded), "SELECT 1"), "1");
    embedded_stop(embedded);
    start(); /* the abandoned initdb has ended by now, so its files can be removed */
    assert_false(half_made());
    embedded_stop(embedded);
    remove_state_dir();

    memcpy(state_dir, kept, sizeof kept);
    embedded = kept_embedded;
}

struct wait {
    struct loop *loop;
    bool (*over)(void);
    int64_t deadline;
    bool reached;
};

static void wait_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct wait *wait = arg;
    wait->reached = wait->over();
    if (wait->reached || clock_ms() > wait->deadline) {
        loop_stop(wait->loop);
    }
}

/* Runs the loop until `over` returns true, at most for `ms`. True: `over` did. */
static bool run_loop(struct loop *loop, bool (*over)(void), int ms)
{
    struct wait wait = {.loop = loop, .over = over, .deadline = clock_ms() + ms};
    struct event *tick = event_new(loop_base(loop), -1, EV_PERSIST, wait_tick, &wait);
    event_add(tick, &(struct timeval){.tv_usec = 50000});
    loop_run(loop);
    event_free(tick);
    return wait.reached;
}

static bool answers(void)
{
    return PQping(superuser()) == PQPING_OK;
}

static void a_crashed_server_is_started_again_a_stopped_one_is_not(void **state)
{
    (void)state;
    struct loop *loop = loop_create();
    embedded_watch(embedded, loop);

    int before = postmaster_pid();
    assert_int_equal(kill(before, SIGKILL), 0);
    for (int64_t end = clock_ms() + PATIENCE_MS; answers() && clock_ms() < end;) {
        short_sleep();
    }
    assert_true(run_loop(loop, answers, PATIENCE_MS));
    assert_int_not_equal(postmaster_pid(), before);

    kill(postmaster_pid(), SIGINT); /* the signal of pg_ctl stop --mode=fast */
    for (int64_t end = clock_ms() + PATIENCE_MS; postmaster_pid() != 0 && clock_ms() < end;) {
        short_sleep();
    }
    assert_false(run_loop(loop, answers, 3000));
    assert_int_equal(postmaster_pid(), 0);

    embedded_stop(embedded);
    loop_destroy(loop);
    start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_and_database_are_made),
        cmocka_unit_test(directories_are_private),
        cmocka_unit_test(a_second_authd_is_refused),
        cmocka_unit_test(a_long_state_dir_is_refused),
        cmocka_unit_test(the_owner_migrates),
        cmocka_unit_test(values_are_not_logged),
        cmocka_unit_test(the_server_outlives_authd),
        cmocka_unit_test(the_server_holds_no_descriptor_of_ours),
        cmocka_unit_test(a_half_made_cluster_is_made_again),
        cmocka_unit_test(a_crashed_server_is_started_again_a_stopped_one_is_not),
    };
    return cmocka_run_group_tests_name("embedded", tests, setup, teardown);
}
