/* Migrations, by this program and by others that have other functions or tables. Each test has a
 * database of its own. */
#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/migrate.h"
#include "store/schema_state.h"

#define MIGRATION_COUNT 2
#define FUNCTION_COUNT  64

/* ---- the database of a test ---- */

static unsigned databases;

static const char *url_of(const char *database, const char *role)
{
    static char url[512];
    snprintf(url, sizeof url, "%s dbname=%s user=%s", getenv("AUTHD_TEST_PG_SUPER"), database,
             role);
    return url;
}

static const char *owner(void)
{
    char name[32];
    snprintf(name, sizeof name, "test%u", databases);
    return url_of(name, "authd_owner");
}

/* The first column of the first row, or the error. */
static const char *query_at(const char *url, const char *sql)
{
    static char text[1024];
    PGconn *pg = PQconnectdb(url);
    assert_int_equal(PQstatus(pg), CONNECTION_OK);
    PGresult *result = PQexec(pg, sql);
    bool row = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
    snprintf(text, sizeof text, "%s",
             row ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result));
    PQclear(result);
    PQfinish(pg);
    return text;
}

static const char *query(const char *sql)
{
    return query_at(owner(), sql);
}

static void make_database(const char *more)
{
    char sql[256];
    snprintf(sql, sizeof sql, "CREATE DATABASE test%u OWNER authd_owner TEMPLATE template0 %s",
             ++databases, more);
    assert_string_equal(query_at(url_of("postgres", "postgres"), sql), "");
}

static int setup(void **state)
{
    (void)state;
    make_database("");
    return 0;
}

/* ---- another program ---- */

struct other {
    struct schema schema;
    struct migration migrations[MIGRATION_COUNT];
    struct function_file functions[FUNCTION_COUNT];
    char signatures[65536];
    char record[1024];
};

static void other_record(struct other *other)
{
    const struct schema *schema = &other->schema;
    snprintf(other->record, sizeof other->record,
             "INSERT INTO authd.schema_info (migration, migration_sha256, function_set,"
             " function_set_sha256, oldest_compatible) VALUES (%d, '%s', %d, '%s', %d)"
             " ON CONFLICT (one) DO UPDATE SET migration = excluded.migration,"
             " migration_sha256 = excluded.migration_sha256,"
             " function_set = excluded.function_set,"
             " function_set_sha256 = excluded.function_set_sha256,"
             " oldest_compatible = excluded.oldest_compatible",
             schema->migration_count, schema->migrations[schema->migration_count - 1].sha256,
             schema->function_set, schema->function_set_sha256, schema->oldest_compatible);
}

/* A program whose function set is this one's and `sql`. `signature`: of a function in it, or "". */
static struct other *other_program(int function_set, const char *sql, const char *signature)
{
    static struct other others[4];
    static unsigned next;
    struct other *other = &others[next++ % 4];

    *other = (struct other){.schema = program_schema};
    assert_true(program_schema.function_count < FUNCTION_COUNT);
    memcpy(other->functions, program_schema.functions,
           (size_t)program_schema.function_count * sizeof *other->functions);
    memcpy(other->migrations, program_schema.migrations, sizeof *other->migrations);
    other->functions[program_schema.function_count] = (struct function_file){"other.sql", sql};
    snprintf(other->signatures, sizeof other->signatures, "%s%s\n", program_schema.signatures,
             signature);
    other->schema.migrations = other->migrations;
    other->schema.functions = other->functions;
    other->schema.function_count++;
    other->schema.signatures = other->signatures;
    other->schema.function_set = function_set;
    other->schema.function_set_sha256 = sql;
    other->schema.record = other->record;
    other_record(other);
    return other;
}

/* The same with a second migration. */
static struct other *other_tables(int function_set, const char *sql)
{
    struct other *other = other_program(function_set, "SELECT 1", "");

    other->migrations[1] = (struct migration){2, "second", "second", sql};
    other->schema.migration_count = 2;
    other_record(other);
    return other;
}

#define NEXT (program_schema.function_set + 1)
#define CHANGED                                                                                    \
    "CREATE OR REPLACE FUNCTION authd.confirm(id bigint, version bigint) RETURNS boolean"          \
    " LANGUAGE sql RETURN false"
#define MADE                                                                                       \
    "CREATE OR REPLACE FUNCTION authd.made(text[], n int) RETURNS int LANGUAGE sql RETURN 1"
#define CONFIRM "SELECT authd.confirm(1, 1)"
#define DIGEST                                                                                     \
    "SELECT md5(string_agg(pg_get_functiondef(oid), '' ORDER BY oid::regprocedure::text))"         \
    " FROM pg_proc WHERE pronamespace = 'authd'::regnamespace"

/* ---- migrating ---- */

static struct migrate_report report;
static struct err err;
static char notes[65536];

static void on_note(const char *line, void *arg)
{
    (void)arg;
    size_t length = strlen(notes);
    snprintf(notes + length, sizeof notes - length, "%s\n", line);
}

static bool run(const struct schema *schema, bool dry_run)
{
    const struct migrate_options options = {.schema = schema, .dry_run = dry_run, .note = on_note};

    notes[0] = err.text[0] = '\0';
    return migrate_run(owner(), &options, &report, &err);
}

static void migrate(const struct schema *schema)
{
    if (!run(schema, false)) {
        fail_msg("%s", err.text);
    }
}

static void refused(const struct schema *schema, const char *words)
{
    assert_false(run(schema, false));
    if (strstr(err.text, words) == NULL) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(report.migrations, 0);
    assert_int_equal(report.functions.made, 0);
}

/* ---- tests ---- */

static void an_empty_database_gets_everything_once(void **state)
{
    (void)state;
    char expected[256];
    migrate(&program_schema);
    assert_int_equal(report.migrations, program_schema.migration_count);
    assert_int_equal(report.function_set_before, 0);
    assert_int_equal(report.function_set, program_schema.function_set);
    assert_int_equal(report.functions.made, atoi(query("SELECT count(*) FROM pg_proc WHERE"
                                                       " pronamespace = 'authd'::regnamespace")));
    assert_true(report.functions.made > 200);
    snprintf(expected, sizeof expected, "%d %s %d %s", program_schema.migration_count,
             program_schema.migrations[program_schema.migration_count - 1].sha256,
             program_schema.function_set, program_schema.function_set_sha256);
    assert_string_equal(query("SELECT concat_ws(' ', migration, migration_sha256, function_set,"
                              " function_set_sha256) FROM authd.schema_info"),
                        expected);

    char applied_at[64];
    snprintf(applied_at, sizeof applied_at, "%s",
             query("SELECT xmin || ' ' || applied_at FROM authd.schema_info"));
    migrate(&program_schema);
    assert_int_equal(report.migrations, 0);
    assert_int_equal(report.function_set_before, report.function_set);
    assert_int_equal(report.functions.made + report.functions.changed + report.functions.dropped,
                     0);
    assert_string_equal(notes, "");
    assert_string_equal(query("SELECT xmin || ' ' || applied_at FROM authd.schema_info"),
                        applied_at);
}

static void a_dry_run_tells_and_changes_nothing(void **state)
{
    (void)state;
    assert_true(run(&program_schema, true));
    assert_int_equal(report.migrations, program_schema.migration_count);
    assert_int_equal(strncmp(notes, "migration 0001_tables\nfunction ", 31), 0);
    assert_non_null(strstr(notes, "\nfunction authd.now(): new\n"));
    assert_string_equal(query("SELECT count(*) FROM pg_namespace WHERE nspname = 'authd'"), "0");
    assert_string_equal(query("SELECT count(*) FROM pg_default_acl"), "0");

    char digest[64];
    migrate(&program_schema);
    snprintf(digest, sizeof digest, "%s", query(DIGEST));
    query("CREATE FUNCTION authd.stray(a int) RETURNS int LANGUAGE sql RETURN 1");
    query("DROP FUNCTION authd.notices_done");
    assert_true(run(&other_program(NEXT, CHANGED, "")->schema, true));
    assert_string_equal(notes, "function authd.confirm(bigint,bigint): changed\n"
                               "function authd.notices_done(bigint[]): new\n"
                               "function authd.stray(integer): dropped\n");
    assert_int_equal(report.functions.made, 1);
    assert_int_equal(report.functions.changed, 1);
    assert_int_equal(report.functions.dropped, 1);
    assert_string_equal(query("SELECT authd.stray(1)"), "1");
    assert_int_equal(atoi(query("SELECT function_set FROM authd.schema_info")),
                     program_schema.function_set);
}

static void a_newer_set_replaces_an_older_one_and_not_the_reverse(void **state)
{
    (void)state;
    migrate(&program_schema);
    migrate(&other_program(NEXT, CHANGED ";" MADE, "authd.made(text[], int)")->schema);
    assert_int_equal(report.functions.made, 1);
    assert_int_equal(report.functions.changed, 1);
    assert_int_equal(report.functions.dropped, 0);
    assert_int_equal(report.function_set_before, program_schema.function_set);
    assert_int_equal(report.function_set, NEXT);
    assert_string_equal(query(CONFIRM), "f");

    migrate(&program_schema);
    assert_true(report.newer);
    assert_int_equal(report.function_set, NEXT);
    assert_string_equal(notes, "");
    assert_string_equal(query("SELECT authd.made('{}', 1)"), "1");
    assert_string_equal(query("SELECT authd.confirm(1, 1) AND false"), "f");
}

static void a_program_that_is_too_old_is_refused(void **state)
{
    (void)state;
    struct other *next = other_program(NEXT, CHANGED, "");
    next->schema.oldest_compatible = NEXT;
    other_record(next);
    migrate(&next->schema);
    refused(&program_schema, "install a newer authd");
    assert_string_equal(query(CONFIRM), "f");
}

static void a_function_that_fails_leaves_an_empty_database(void **state)
{
    (void)state;
    refused(&other_program(NEXT, "SELECT 1/0", "")->schema,
            "functions/other.sql failed and everything was rolled back: division by zero");
    assert_string_equal(query("SELECT count(*) FROM pg_namespace WHERE nspname = 'authd'"), "0");
}

static void a_function_that_fails_changes_nothing(void **state)
{
    (void)state;
    char digest[64];
    struct other *other = other_tables(NEXT, "CREATE TABLE authd.second (n int)");
    migrate(&program_schema);
    query("CREATE FUNCTION authd.stray() RETURNS int LANGUAGE sql RETURN 1");
    snprintf(digest, sizeof digest, "%s", query(DIGEST));
    other->functions[program_schema.function_count].sql = CHANGED "; SELECT 1/0";
    refused(&other->schema, "functions/other.sql failed");
    assert_string_equal(query(DIGEST), digest);
    assert_string_equal(query("SELECT to_regclass('authd.second')"), "");
    assert_int_equal(atoi(query("SELECT function_set FROM authd.schema_info")),
                     program_schema.function_set);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
    (void)state;
    query("CREATE SCHEMA authd");
    refused(&program_schema, "migration 0001_tables failed and everything was rolled back: schema "
                             "\"authd\" already exists");
    assert_string_equal(query("SELECT count(*) FROM pg_proc WHERE pronamespace ="
                              " 'authd'::regnamespace"),
                        "0");
}

static void a_later_migration_comes_before_the_functions(void **state)
{
    (void)state;
    struct other *other = other_tables(NEXT, "CREATE TABLE authd.second (n int)");
    migrate(&program_schema);
    other->functions[program_schema.function_count].sql =
        "CREATE OR REPLACE FUNCTION authd.made() RETURNS SETOF authd.second LANGUAGE sql"
        " BEGIN ATOMIC SELECT * FROM authd.second; END";
    snprintf(other->signatures, sizeof other->signatures, "%sauthd.made()\n",
             program_schema.signatures);
    migrate(&other->schema);
    assert_int_equal(report.migrations, 1);
    assert_int_equal(strncmp(notes, "migration 0002_second\n", 22), 0);
    assert_string_equal(query("SELECT count(*) FROM authd.made()"), "0");
    migrate(&other->schema);
    assert_int_equal(report.migrations, 0);
    migrate(&program_schema);
    assert_true(report.newer);
}

static void a_stray_function_is_dropped(void **state)
{
    (void)state;
    migrate(&program_schema);
    query("CREATE FUNCTION authd.stray(a int, b authd.account) RETURNS int LANGUAGE sql RETURN 1");
    query("CREATE FUNCTION authd.now(a int) RETURNS int LANGUAGE sql RETURN 1");
    query("CREATE FUNCTION public.now(a int) RETURNS int LANGUAGE sql RETURN 1");
    migrate(&other_program(NEXT, "SELECT 1", "")->schema);
    assert_int_equal(report.functions.dropped, 2);
    assert_string_equal(query("SELECT to_regprocedure('authd.now(int)')"), "");
    assert_string_equal(query("SELECT to_regprocedure('authd.stray(int, authd.account)')"), "");
    assert_string_equal(query("SELECT public.now(1)"), "1");
}

static void a_right_that_is_not_granted_any_more_ends(void **state)
{
    (void)state;
    static const char may[] = "SELECT has_function_privilege('authd_service',"
                              " 'authd.account_lock(jsonb, bigint[], jsonb)', 'EXECUTE')::text ||"
                              " has_function_privilege('authd_service', 'authd.dry_run()',"
                              " 'EXECUTE')::text";
    migrate(&program_schema);
    assert_string_equal(query(may), "falsetrue");
    query("GRANT EXECUTE ON FUNCTION authd.account_lock TO authd_service");
    assert_string_equal(query(may), "truetrue");
    migrate(&other_program(NEXT, "SELECT 1", "")->schema);
    assert_int_equal(report.functions.changed, 1);
    assert_string_equal(query(may), "falsetrue");
}

/* Its signature is listed, but the set does not make it: a mistake of the list, not a stray. */
static void a_signature_without_a_function_is_refused(void **state)
{
    (void)state;
    refused(&other_program(NEXT, MADE, "authd.made(text, int)")->schema,
            "the function set did not make authd.made(text, int)");
}

static void other_tables_under_the_same_number_are_refused(void **state)
{
    (void)state;
    struct other *other = other_program(NEXT, CHANGED, "");
    migrate(&program_schema);
    other->migrations[0].sha256 = "other";
    refused(&other->schema, "migration 1 has another SHA-256");
    assert_non_null(strstr(err.text, "begin with an empty database"));
    query("ALTER TABLE authd.schema_info RENAME function_set TO number");
    refused(&program_schema, "migration 1 has another SHA-256");
}

static void other_functions_under_the_same_number_are_refused(void **state)
{
    (void)state;
    migrate(&program_schema);
    refused(&other_program(program_schema.function_set, CHANGED, "")->schema,
            "of another build of authd");
    assert_non_null(strstr(err.text, "schema/embed.py --raise"));
}

static void programs_of_two_lines_refuse_each_other(void **state)
{
    (void)state;
    migrate(&other_tables(NEXT, "CREATE TABLE authd.second (n int)")->schema);
    refused(&other_program(NEXT + 1, CHANGED, "")->schema, "each have something");
    query("UPDATE authd.schema_info SET migration = 1, function_set = 1000");
    query("UPDATE authd.schema_info SET migration_sha256 = ''");
    struct other *other = other_tables(NEXT, "");
    other->migrations[0].sha256 = "";
    refused(&other->schema, "each have something");
}

static void two_that_migrate_wait_for_each_other(void **state)
{
    (void)state;
    pid_t children[4];
    int migrations = 0;
    for (size_t i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            _exit(run(&program_schema, false) ? report.migrations : 100);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        migrations += WEXITSTATUS(status);
    }
    assert_int_equal(migrations, program_schema.migration_count);
}

static void functions_belong_to_the_owner_even_for_a_superuser(void **state)
{
    (void)state;
    const struct migrate_options options = {.schema = &program_schema};
    char name[32];
    snprintf(name, sizeof name, "test%u", databases);
    assert_true(migrate_run(url_of(name, "postgres"), &options, &report, &err));
    assert_string_equal(query("SELECT string_agg(DISTINCT pg_get_userbyid(proowner), ',') FROM "
                              "pg_proc WHERE pronamespace = 'authd'::regnamespace"),
                        "authd_owner");
}

/* What another schema has under the name of one of PostgreSQL's functions is not taken for it. */
static void a_search_path_does_not_matter(void **state)
{
    (void)state;
    char sql[128];
    query("CREATE SCHEMA evil");
    query("CREATE FUNCTION evil.char_length(text) RETURNS int IMMUTABLE LANGUAGE sql RETURN 50");
    snprintf(sql, sizeof sql, "ALTER DATABASE test%u SET search_path = evil, pg_catalog",
             databases);
    query(sql);
    assert_string_equal(query("SELECT char_length('')"), "50");
    migrate(&program_schema);
    assert_string_equal(query("SELECT string_agg(conname, ' ') FROM pg_constraint"
                              " WHERE pg_get_constraintdef(oid) ~ 'evil'"),
                        "");
    query("INSERT INTO authd.domain (name) VALUES ('example.org')");
    assert_non_null(strstr(query("UPDATE authd.domain SET description = ''"), "violates check"));
}

static void other_encodings_are_refused(void **state)
{
    (void)state;
    make_database("ENCODING 'LATIN1' LOCALE 'C'");
    refused(&program_schema, "encoding LATIN1");
}

static void a_failed_connection_is_one_line(void **state)
{
    (void)state;
    const struct migrate_options options = {.schema = &program_schema};
    assert_false(migrate_run("host=/nonexistent dbname=authd", &options, &report, &err));
    assert_non_null(strstr(err.text, "cannot connect to the database: "));
    assert_null(strchr(err.text, '\n'));
    assert_null(strstr(err.text, "  "));
    assert_true(err.text[strlen(err.text) - 1] != ' ');
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, setup)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_database_gets_everything_once),
        TEST(a_dry_run_tells_and_changes_nothing),
        TEST(a_newer_set_replaces_an_older_one_and_not_the_reverse),
        TEST(a_program_that_is_too_old_is_refused),
        TEST(a_function_that_fails_leaves_an_empty_database),
        TEST(a_function_that_fails_changes_nothing),
        TEST(a_migration_that_fails_changes_nothing),
        TEST(a_later_migration_comes_before_the_functions),
        TEST(a_stray_function_is_dropped),
        TEST(a_right_that_is_not_granted_any_more_ends),
        TEST(a_signature_without_a_function_is_refused),
        TEST(other_tables_under_the_same_number_are_refused),
        TEST(other_functions_under_the_same_number_are_refused),
        TEST(programs_of_two_lines_refuse_each_other),
        TEST(two_that_migrate_wait_for_each_other),
        TEST(functions_belong_to_the_owner_even_for_a_superuser),
        TEST(a_search_path_does_not_matter),
        TEST(other_encodings_are_refused),
        TEST(a_failed_connection_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
