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
    X(CALLER, READ, READ, 1, "SELECT authd.caller($1::jsonb)")                                     \
    X(USER_ADD, WRITE, WRITE, 2, "SELECT authd.manage('user_add', $1::jsonb, $2::jsonb)")          \
    X(USER_LIST, SLOW, READ, 2, "SELECT authd.manage('user_list', $1::jsonb, $2::jsonb)")          \
    X(USER_SHOW, SLOW, READ, 2, "SELECT authd.manage('user_show', $1::jsonb, $2::jsonb)")          \
    X(USER_SET, WRITE, WRITE, 2, "SELECT authd.manage('user_set', $1::jsonb, $2::jsonb)")          \
    X(USER_SUSPEND, WRITE, WRITE, 2, "SELECT authd.manage('user_suspend', $1::jsonb, $2::jsonb)")  \
    X(USER_RESUME, WRITE, WRITE, 2, "SELECT authd.manage('user_resume', $1::jsonb, $2::jsonb)")    \
    X(USER_DELETE, WRITE, WRITE, 2, "SELECT authd.manage('user_delete', $1::jsonb, $2::jsonb)")    \
    X(ADDRESS_LIST, SLOW, READ, 2, "SELECT authd.manage('address_list', $1::jsonb, $2::jsonb)")    \
    X(ADDRESS_ADD, WRITE, WRITE, 2, "SELECT authd.manage('address_add', $1::jsonb, $2::jsonb)")    \
    X(ADDRESS_REMOVE, WRITE, WRITE, 2,                                                             \
      "SELECT authd.manage('address_remove', $1::jsonb, $2::jsonb)")                               \
    X(PASSWORD_SET, WRITE, WRITE, 2, "SELECT authd.manage('password_set', $1::jsonb, $2::jsonb)")  \
    X(PASSWORD_CLEAR, WRITE, WRITE, 2,                                                             \
      "SELECT authd.manage('password_clear', $1::jsonb, $2::jsonb)")

enum statement {
#define X(name, lane, kind, parameters, sql) STATEMENT_##name,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

#endif
