/* Every SQL text of the daemon. X(NAME, LANE, KIND, parameters, SQL): the lane that runs it, and
 * whether it READs (may be retried) or WRITEs (never retried). The functions and their errors are
 * documented where they are defined, in schema/. */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

enum db_lane { LANE_READ, LANE_WRITE, LANE_SLOW, LANES };
enum db_kind { KIND_READ, KIND_WRITE };

#define STATEMENTS(X)                                                                              \
    X(LOOKUP, READ, READ, 1, "SELECT * FROM authd.lookup($1::text[])")                             \
    X(CONFIRM, READ, READ, 2, "SELECT authd.confirm($1::bigint, $2::bigint)")                      \
    X(PASSWORD_UPGRADE, SLOW, WRITE, 3, "SELECT authd.password_upgrade($1::bigint, $2, $3)")       \
    X(USER_ADD, WRITE, WRITE, 3, "SELECT authd.user_add($1, $2::bigint[], $3::jsonb)")             \
    X(USER_LIST, SLOW, READ, 3, "SELECT authd.user_list($1, $2::bigint[], $3::jsonb)")             \
    X(USER_SHOW, SLOW, READ, 3, "SELECT authd.user_show($1, $2::bigint[], $3::jsonb)")             \
    X(USER_SET, WRITE, WRITE, 3, "SELECT authd.user_set($1, $2::bigint[], $3::jsonb)")             \
    X(USER_SUSPEND, WRITE, WRITE, 3, "SELECT authd.user_suspend($1, $2::bigint[], $3::jsonb)")     \
    X(USER_RESUME, WRITE, WRITE, 3, "SELECT authd.user_resume($1, $2::bigint[], $3::jsonb)")       \
    X(USER_DELETE, WRITE, WRITE, 3, "SELECT authd.user_delete($1, $2::bigint[], $3::jsonb)")       \
    X(ADDRESS_LIST, SLOW, READ, 3, "SELECT authd.address_list($1, $2::bigint[], $3::jsonb)")       \
    X(ADDRESS_ADD, WRITE, WRITE, 3, "SELECT authd.address_add($1, $2::bigint[], $3::jsonb)")       \
    X(ADDRESS_REMOVE, WRITE, WRITE, 3, "SELECT authd.address_remove($1, $2::bigint[], $3::jsonb)") \
    X(PASSWORD_SET, WRITE, WRITE, 3, "SELECT authd.password_set($1, $2::bigint[], $3::jsonb)")     \
    X(PASSWORD_CLEAR, WRITE, WRITE, 3, "SELECT authd.password_clear($1, $2::bigint[], $3::jsonb)")

enum statement {
#define X(name, lane, kind, parameters, sql) STATEMENT_##name,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

#endif
