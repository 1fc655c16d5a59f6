/* Every SQL text of the daemon. X(NAME, LANE, KIND, parameters, SQL): the lane that runs it, and
 * whether it READs (may be retried) or WRITEs (never retried). The functions and their errors are
 * documented where they are defined, in schema/. */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

enum db_lane { LANE_READ, LANE_WRITE, LANE_SLOW, LANES };
enum db_kind { KIND_READ, KIND_WRITE };

#define STATEMENTS(X)                                                                              \
    X(LOOKUP, READ, READ, 2, "SELECT * FROM authd.login_lookup($1::text[], $2::text[])")           \
    X(CONFIRM, READ, READ, 2, "SELECT authd.confirm($1::bigint, $2::bigint)")                      \
    X(SCOPE_GET, SLOW, READ, 2, "SELECT authd.manage('scope_get', $1::jsonb, $2::jsonb)")          \
    X(SCOPE_PUT, WRITE, WRITE, 2, "SELECT authd.manage('scope_put', $1::jsonb, $2::jsonb)")        \
    X(SCOPE_DELETE, WRITE, WRITE, 2, "SELECT authd.manage('scope_delete', $1::jsonb, $2::jsonb)")  \
    X(SCOPE_DOCUMENT, READ, READ, 1, "SELECT authd.scope_document($1)")                            \
    X(FOREIGN_PASSWORDS, READ, READ, 1, "SELECT authd.foreign_passwords($1::bigint)")              \
    X(LOGIN_CONFIRM, READ, READ, 4,                                                                \
      "SELECT authd.login_confirm($1::bigint, $2::bigint, $3::bigint, $4::bigint)")                \
    X(FACTOR_TAKE, WRITE, WRITE, 6,                                                                \
      "SELECT authd.factor_take($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5, $6::jsonb)")   \
    X(FACTOR_GRACE_LIVE, READ, READ, 4,                                                            \
      "SELECT authd.factor_grace_live($1::bigint, $2::bigint, $3::bigint, $4)")                    \
    X(FACTOR_GRACE_USE, WRITE, WRITE, 5,                                                           \
      "SELECT authd.factor_grace_use($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5)")         \
    X(RECOVERY_TAKE, WRITE, WRITE, 4,                                                              \
      "SELECT authd.recovery_take($1::bigint, $2::bigint, $3::text[], $4)")                        \
    X(APP_PASSWORD_USED, SLOW, WRITE, 2,                                                           \
      "SELECT authd.app_password_used($1::bigint[], $2::text[])")                                  \
    X(APP_PASSWORD_PREPARE, WRITE, WRITE, 2,                                                       \
      "SELECT authd.manage('user_show', $1::jsonb, $2::jsonb)"                                     \
      " || jsonb_build_object('credential', authd.credential_id())")                               \
    X(APP_PASSWORD_LIST, SLOW, READ, 2,                                                            \
      "SELECT authd.manage('app_password_list', $1::jsonb, $2::jsonb)")                            \
    X(APP_PASSWORD_SHOW, SLOW, READ, 2,                                                            \
      "SELECT authd.manage('app_password_show', $1::jsonb, $2::jsonb)")                            \
    X(APP_PASSWORD_ADD, WRITE, WRITE, 2,                                                           \
      "SELECT authd.manage('app_password_add', $1::jsonb, $2::jsonb)")                             \
    X(APP_PASSWORD_SET, WRITE, WRITE, 2,                                                           \
      "SELECT authd.manage('app_password_set', $1::jsonb, $2::jsonb)")                             \
    X(APP_PASSWORD_REVOKE, WRITE, WRITE, 2,                                                        \
      "SELECT authd.manage('app_password_revoke', $1::jsonb, $2::jsonb)")                          \
    X(APP_PASSWORD_ROTATE, WRITE, WRITE, 2,                                                        \
      "SELECT authd.manage('app_password_rotate', $1::jsonb, $2::jsonb)")                          \
    X(TOTP_SHOW, SLOW, READ, 2, "SELECT authd.manage('totp_show', $1::jsonb, $2::jsonb)")          \
    X(TOTP_PREPARE, WRITE, WRITE, 2,                                                               \
      "SELECT authd.manage('totp_show', $1::jsonb, $2::jsonb)"                                     \
      " || jsonb_build_object('credential', authd.credential_id())")                               \
    X(TOTP_ENROLL, WRITE, WRITE, 2, "SELECT authd.manage('totp_enroll', $1::jsonb, $2::jsonb)")    \
    X(TOTP_PENDING, WRITE, WRITE, 2, "SELECT authd.manage('totp_pending', $1::jsonb, $2::jsonb)")  \
    X(TOTP_CONFIRM, WRITE, WRITE, 2, "SELECT authd.manage('totp_confirm', $1::jsonb, $2::jsonb)")  \
    X(TOTP_REMOVE, WRITE, WRITE, 2, "SELECT authd.manage('totp_remove', $1::jsonb, $2::jsonb)")    \
    X(TOTP_TICKET_ADD, WRITE, WRITE, 2,                                                            \
      "SELECT authd.manage('totp_ticket_add', $1::jsonb, $2::jsonb)")                              \
    X(RECOVERY_CODES_SET, WRITE, WRITE, 2,                                                         \
      "SELECT authd.manage('recovery_codes_set', $1::jsonb, $2::jsonb)")                           \
    X(PASSWORD_UPGRADE, SLOW, WRITE, 3, "SELECT authd.password_upgrade($1::bigint, $2, $3)")       \
    X(AUDIT_LIST, SLOW, READ, 2, "SELECT authd.manage('audit_list', $1::jsonb, $2::jsonb)")        \
    X(ACTIVITY_LIST, SLOW, READ, 2, "SELECT authd.manage('activity_list', $1::jsonb, $2::jsonb)")  \
    X(AUDIT_LOGINS, SLOW, WRITE, 2, "SELECT authd.audit_logins($1::jsonb, $2::bigint)")            \
    X(AUDIT_UNSEALED, SLOW, READ, 1, "SELECT * FROM authd.audit_unsealed($1::int)")                \
    X(AUDIT_SEAL_PUT, SLOW, WRITE, 1, "SELECT authd.audit_seal_put($1::jsonb)")                    \
    X(AUDIT_EXPIRE, SLOW, WRITE, 3, "SELECT authd.audit_expire($1, $2::bigint, $3::int)")          \
    X(AUDIT_PRUNE, SLOW, WRITE, 1, "SELECT authd.audit_prune($1::int)")                            \
    X(AUDIT_STATE, SLOW, READ, 0, "SELECT authd.audit_state()")                                    \
    X(AUDIT_SEALS, SLOW, READ, 1, "SELECT * FROM authd.audit_seals($1::bigint)")                   \
    X(AUDIT_ROWS, SLOW, READ, 2, "SELECT * FROM authd.audit_rows($1::bigint, $2::bigint)")         \
    X(NOTICES_TAKE, SLOW, WRITE, 1, "SELECT * FROM authd.notices_take($1::int)")                   \
    X(NOTICES_RECORD, SLOW, WRITE, 2,                                                              \
      "SELECT authd.notices_done($1::bigint[]), authd.notices_failed($2::bigint[])")               \
    X(NOTICES_EXPIRE, SLOW, WRITE, 1, "SELECT * FROM authd.notices_expire($1::int)")               \
    X(AUDIT_UNLISTED, SLOW, READ, 2, "SELECT authd.audit_unlisted($1::bigint, $2::int)")           \
    X(CALLER, READ, READ, 1, "SELECT authd.caller($1::jsonb)")                                     \
    X(IMPORT_ACCOUNTS, SLOW, WRITE, 2,                                                             \
      "SELECT authd.manage('import_accounts', $1::jsonb, $2::jsonb)")                              \
    X(IMPORT_ROWS, SLOW, WRITE, 2, "SELECT authd.manage('import_rows', $1::jsonb, $2::jsonb)")     \
    X(USER_PREPARE, WRITE, WRITE, 0,                                                               \
      "SELECT jsonb_build_object('id', authd.account_id(), 'seal', authd.credential_id())")        \
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
    X(PASSWORD_PREPARE, WRITE, WRITE, 2,                                                           \
      "SELECT authd.manage('user_show', $1::jsonb, $2::jsonb)"                                     \
      " || jsonb_build_object('seal', authd.credential_id())")                                     \
    X(PASSWORD_SET, WRITE, WRITE, 2, "SELECT authd.manage('password_set', $1::jsonb, $2::jsonb)")  \
    X(PASSWORD_CLEAR, WRITE, WRITE, 2,                                                             \
      "SELECT authd.manage('password_clear', $1::jsonb, $2::jsonb)")                               \
    X(USER_REVOKE_ALL, WRITE, WRITE, 2,                                                            \
      "SELECT authd.manage('user_revoke_all', $1::jsonb, $2::jsonb)")                              \
    X(RESET_LINK_ADD, WRITE, WRITE, 2,                                                             \
      "SELECT authd.manage('reset_link_add', $1::jsonb, $2::jsonb)")                               \
    X(RESET_LINK_WITHDRAW, WRITE, WRITE, 2,                                                        \
      "SELECT authd.manage('reset_link_withdraw', $1::jsonb, $2::jsonb)")                          \
    X(RESET_PREPARE, WRITE, WRITE, 2,                                                              \
      "SELECT authd.manage('reset_words', $1::jsonb, $2::jsonb)"                                   \
      " || jsonb_build_object('seal', authd.credential_id())")                                     \
    X(RESET_USE, WRITE, WRITE, 2, "SELECT authd.manage('reset_use', $1::jsonb, $2::jsonb)")        \
    X(SESSION_REVOKE, WRITE, WRITE, 2,                                                             \
      "SELECT authd.manage('session_revoke', $1::jsonb, $2::jsonb)")                               \
    X(DOMAIN_ADD, WRITE, WRITE, 2, "SELECT authd.manage('domain_add', $1::jsonb, $2::jsonb)")      \
    X(DOMAIN_SET, WRITE, WRITE, 2, "SELECT authd.manage('domain_set', $1::jsonb, $2::jsonb)")      \
    X(DOMAIN_DELETE, WRITE, WRITE, 2,                                                              \
      "SELECT authd.manage('domain_delete', $1::jsonb, $2::jsonb)")                                \
    X(DOMAIN_REVOKE_ALL, WRITE, WRITE, 2,                                                          \
      "SELECT authd.manage('domain_revoke_all', $1::jsonb, $2::jsonb)")                            \
    X(CLASS_ADD, WRITE, WRITE, 2, "SELECT authd.manage('class_add', $1::jsonb, $2::jsonb)")        \
    X(CLASS_SET, WRITE, WRITE, 2, "SELECT authd.manage('class_set', $1::jsonb, $2::jsonb)")        \
    X(CLASS_DELETE, WRITE, WRITE, 2, "SELECT authd.manage('class_delete', $1::jsonb, $2::jsonb)")  \
    X(API_KEY_ADD, WRITE, WRITE, 2, "SELECT authd.manage('api_key_add', $1::jsonb, $2::jsonb)")    \
    X(API_KEY_SET, WRITE, WRITE, 2, "SELECT authd.manage('api_key_set', $1::jsonb, $2::jsonb)")    \
    X(API_KEY_REVOKE, WRITE, WRITE, 2,                                                             \
      "SELECT authd.manage('api_key_revoke', $1::jsonb, $2::jsonb)")                               \
    X(USER_EXPORT, SLOW, READ, 2, "SELECT authd.manage('user_export', $1::jsonb, $2::jsonb)")      \
    X(SESSION_LIST, SLOW, READ, 2, "SELECT authd.manage('session_list', $1::jsonb, $2::jsonb)")    \
    X(DOMAIN_LIST, SLOW, READ, 2, "SELECT authd.manage('domain_list', $1::jsonb, $2::jsonb)")      \
    X(DOMAIN_SHOW, SLOW, READ, 2, "SELECT authd.manage('domain_show', $1::jsonb, $2::jsonb)")      \
    X(CLASS_LIST, SLOW, READ, 2, "SELECT authd.manage('class_list', $1::jsonb, $2::jsonb)")        \
    X(CLASS_SHOW, SLOW, READ, 2, "SELECT authd.manage('class_show', $1::jsonb, $2::jsonb)")        \
    X(API_KEY_LIST, SLOW, READ, 2, "SELECT authd.manage('api_key_list', $1::jsonb, $2::jsonb)")    \
    X(API_KEY_SHOW, SLOW, READ, 2, "SELECT authd.manage('api_key_show', $1::jsonb, $2::jsonb)")    \
    X(SESSION_ADD, WRITE, WRITE, 7,                                                                \
      "SELECT authd.session_add($1::bigint, $2::bigint, $3, $4, $5, $6, $7::boolean)")             \
    X(SESSION_TOUCH, WRITE, WRITE, 1, "SELECT authd.session_touch($1)")                            \
    X(SESSION_END, WRITE, WRITE, 1, "SELECT authd.session_end($1)")                                \
    X(CREDENTIAL_ID, WRITE, WRITE, 0, "SELECT authd.credential_id()")                              \
    X(API_KEY_FIND, READ, READ, 1, "SELECT * FROM authd.api_key_find($1)")                         \
    X(API_KEY_USED, SLOW, WRITE, 2, "SELECT authd.api_key_used($1::bigint, $2)")                   \
    X(KEY_LIST, SLOW, READ, 2, "SELECT authd.manage('key_list', $1::jsonb, $2::jsonb)")            \
    X(KEY_ROTATE, WRITE, WRITE, 2, "SELECT authd.manage('key_rotate', $1::jsonb, $2::jsonb)")      \
    X(KEY_STATE, READ, READ, 1, "SELECT * FROM authd.key_state($1::text[])")                       \
    X(KEY_FORGET, SLOW, WRITE, 1, "SELECT authd.key_forget($1::text[])")                           \
    X(SEALS_STALE, SLOW, READ, 4, "SELECT * FROM authd.seals_stale($1, $2, $3::bigint, $4::int)")  \
    X(SEALS_REPLACE, SLOW, WRITE, 4,                                                               \
      "SELECT authd.seals_replace($1, $2::bigint[], $3::text[], $4::text[])")                      \
    X(APP_PASSWORD_REKEY, SLOW, WRITE, 4,                                                          \
      "SELECT authd.app_password_rekey($1::bigint[], $2::text[], $3::text[], $4::text[])")         \
    X(API_KEY_REKEY, SLOW, WRITE, 4,                                                               \
      "SELECT authd.api_key_rekey($1::bigint[], $2::text[], $3::text[], $4::text[])")

enum statement {
#define X(name, lane, kind, parameters, sql) STATEMENT_##name,
    STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

#endif
