/* Every SQL text of the daemon. X(NAME, LANE, KIND, parameters, SQL): the lane that runs the
 * statement, and whether the statement READs (may be retried) or WRITEs (is never retried).
 * Functions and their errors are documented where they are defined, in schema/. */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

enum db_lane { LANE_READ, LANE_WRITE, LANE_SLOW, LANES };
enum db_kind { KIND_READ, KIND_WRITE };

/* A statement that calls one operation of the management API, and nothing else. */
#define MANAGE_STATEMENT(X, NAME, LANE, KIND, OPERATION)                                           \
    X(NAME, LANE, KIND, 2, "SELECT authd.manage('" OPERATION "', $1::jsonb, $2::jsonb)")

#define STATEMENTS(X)                                                                              \
    X(LOOKUP, READ, READ, 2, "SELECT * FROM authd.login_lookup($1::text[], $2::text[])")           \
    X(CONFIRM, READ, READ, 2, "SELECT authd.confirm($1::bigint, $2::bigint)")                      \
    MANAGE_STATEMENT(X, SCOPE_GET, SLOW, READ, "scope_get")                                        \
    MANAGE_STATEMENT(X, SCOPE_PUT, WRITE, WRITE, "scope_put")                                      \
    MANAGE_STATEMENT(X, SCOPE_DELETE, WRITE, WRITE, "scope_delete")                                \
    X(SCOPE_DOCUMENT, READ, READ, 1, "SELECT authd.scope_document($1)")                            \
    X(IMPORTED_PASSWORDS, READ, READ, 1, "SELECT authd.imported_passwords($1::bigint)")            \
    X(LOGIN_CONFIRM, READ, READ, 4,                                                                \
      "SELECT authd.login_confirm($1::bigint, $2::bigint, $3::bigint, $4::bigint)")                \
    X(FACTOR_TAKE, WRITE, WRITE, 7,                                                                \
      "SELECT authd.factor_take($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5, $6::jsonb, "   \
      "$7::jsonb)")                                                                                \
    X(REMEMBERED_NETWORK_LIVE, READ, READ, 4,                                                      \
      "SELECT authd.remembered_network_live($1::bigint, $2::bigint, $3::bigint, $4)")              \
    X(REMEMBERED_NETWORK_USE, WRITE, WRITE, 5,                                                     \
      "SELECT authd.remembered_network_use($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5)")   \
    X(RECOVERY_TAKE, WRITE, WRITE, 5,                                                              \
      "SELECT authd.recovery_take($1::bigint, $2::bigint, $3::text[], $4, $5::jsonb)")             \
    X(APP_PASSWORD_USED, SLOW, WRITE, 2,                                                           \
      "SELECT authd.app_password_used($1::bigint[], $2::text[])")                                  \
    X(APP_PASSWORD_PREPARE, WRITE, WRITE, 2,                                                       \
      "SELECT authd.manage('user_show', $1::jsonb, $2::jsonb)"                                     \
      " || jsonb_build_object('credential', authd.credential_id())")                               \
    MANAGE_STATEMENT(X, APP_PASSWORD_LIST, SLOW, READ, "app_password_list")                        \
    MANAGE_STATEMENT(X, APP_PASSWORD_SHOW, SLOW, READ, "app_password_show")                        \
    MANAGE_STATEMENT(X, APP_PASSWORD_ADD, WRITE, WRITE, "app_password_add")                        \
    MANAGE_STATEMENT(X, APP_PASSWORD_SET, WRITE, WRITE, "app_password_set")                        \
    MANAGE_STATEMENT(X, APP_PASSWORD_REVOKE, WRITE, WRITE, "app_password_revoke")                  \
    MANAGE_STATEMENT(X, APP_PASSWORD_ROTATE, WRITE, WRITE, "app_password_rotate")                  \
    MANAGE_STATEMENT(X, TOTP_SHOW, SLOW, READ, "totp_show")                                        \
    X(TOTP_PREPARE, WRITE, WRITE, 2,                                                               \
      "SELECT authd.manage('totp_show', $1::jsonb, $2::jsonb)"                                     \
      " || jsonb_build_object('credential', authd.credential_id())")                               \
    MANAGE_STATEMENT(X, TOTP_ENROLL, WRITE, WRITE, "totp_enroll")                                  \
    MANAGE_STATEMENT(X, TOTP_PENDING, WRITE, WRITE, "totp_pending")                                \
    MANAGE_STATEMENT(X, TOTP_CONFIRM, WRITE, WRITE, "totp_confirm")                                \
    MANAGE_STATEMENT(X, TOTP_REMOVE, WRITE, WRITE, "totp_remove")                                  \
    MANAGE_STATEMENT(X, TOTP_TICKET_ADD, WRITE, WRITE, "totp_ticket_add")                          \
    MANAGE_STATEMENT(X, RECOVERY_CODES_SET, WRITE, WRITE, "recovery_codes_set")                    \
    X(PASSWORD_UPGRADE, SLOW, WRITE, 3, "SELECT authd.password_upgrade($1::bigint, $2, $3)")       \
    MANAGE_STATEMENT(X, AUDIT_LIST, SLOW, READ, "audit_list")                                      \
    MANAGE_STATEMENT(X, ACTIVITY_LIST, SLOW, READ, "activity_list")                                \
    X(AUDIT_LOGINS, SLOW, WRITE, 3, "SELECT authd.audit_logins($1::jsonb, $2::bigint, $3::jsonb)") \
    X(AUDIT_UNSEALED, SLOW, READ, 1, "SELECT * FROM authd.audit_unsealed($1::int)")                \
    X(AUDIT_SEAL_PUT, SLOW, WRITE, 1, "SELECT authd.audit_seal_put($1::jsonb)")                    \
    X(AUDIT_EXPIRE, SLOW, WRITE, 4,                                                                \
      "SELECT authd.audit_expire($1, $2::bigint, $3::int, $4::jsonb)")                             \
    X(AUDIT_PRUNE, SLOW, WRITE, 2, "SELECT authd.audit_prune($1::int, $2::jsonb)")                 \
    X(AUDIT_STATE, SLOW, READ, 0, "SELECT authd.audit_state()")                                    \
    X(AUDIT_SEALS, SLOW, READ, 1, "SELECT * FROM authd.audit_seals($1::bigint)")                   \
    X(AUDIT_ROWS, SLOW, READ, 2, "SELECT * FROM authd.audit_rows($1::bigint, $2::bigint)")         \
    X(AUDIT_WAITING, SLOW, READ, 2, "SELECT * FROM authd.audit_waiting($1::bigint, $2::int)")      \
    X(NOTICES_TAKE, SLOW, WRITE, 1, "SELECT * FROM authd.notices_take($1::int)")                   \
    X(NOTICES_RECORD, SLOW, WRITE, 3,                                                              \
      "SELECT authd.notices_done($1::bigint[]), authd.notices_failed($2::bigint[]), "              \
      "authd.notices_undeliverable($3::bigint[])")                                                 \
    X(NOTICES_EXPIRE, SLOW, WRITE, 1, "SELECT * FROM authd.notices_expire($1::int)")               \
    X(AUDIT_UNLISTED, SLOW, READ, 2, "SELECT authd.audit_unlisted($1::bigint, $2::int)")           \
    X(CALLER, READ, READ, 1, "SELECT authd.caller($1::jsonb)")                                     \
    MANAGE_STATEMENT(X, IMPORT_ACCOUNTS, SLOW, WRITE, "import_accounts")                           \
    MANAGE_STATEMENT(X, IMPORT_ROWS, SLOW, WRITE, "import_rows")                                   \
    X(USER_PREPARE, WRITE, WRITE, 0,                                                               \
      "SELECT jsonb_build_object('id', authd.account_id(), 'cipher_version', "                     \
      "authd.credential_id())")                                                                    \
    MANAGE_STATEMENT(X, USER_ADD, WRITE, WRITE, "user_add")                                        \
    MANAGE_STATEMENT(X, USER_LIST, SLOW, READ, "user_list")                                        \
    MANAGE_STATEMENT(X, USER_SHOW, SLOW, READ, "user_show")                                        \
    MANAGE_STATEMENT(X, USER_SET, WRITE, WRITE, "user_set")                                        \
    MANAGE_STATEMENT(X, USER_SUSPEND, WRITE, WRITE, "user_suspend")                                \
    MANAGE_STATEMENT(X, USER_RESUME, WRITE, WRITE, "user_resume")                                  \
    MANAGE_STATEMENT(X, USER_DELETE, WRITE, WRITE, "user_delete")                                  \
    MANAGE_STATEMENT(X, ADDRESS_LIST, SLOW, READ, "address_list")                                  \
    MANAGE_STATEMENT(X, ADDRESS_ADD, WRITE, WRITE, "address_add")                                  \
    MANAGE_STATEMENT(X, ADDRESS_REMOVE, WRITE, WRITE, "address_remove")                            \
    MANAGE_STATEMENT(X, PASSWORD_WORDS, WRITE, READ, "password_words")                             \
    X(PASSWORD_PREPARE, WRITE, WRITE, 2,                                                           \
      "SELECT authd.manage('password_words', $1::jsonb, $2::jsonb)"                                \
      " || jsonb_build_object('cipher_version', authd.credential_id())")                           \
    MANAGE_STATEMENT(X, PASSWORD_SET, WRITE, WRITE, "password_set")                                \
    MANAGE_STATEMENT(X, PASSWORD_CLEAR, WRITE, WRITE, "password_clear")                            \
    MANAGE_STATEMENT(X, USER_REVOKE_ALL, WRITE, WRITE, "user_revoke_all")                          \
    MANAGE_STATEMENT(X, RESET_LINK_ADD, WRITE, WRITE, "reset_link_add")                            \
    MANAGE_STATEMENT(X, RESET_LINK_WITHDRAW, WRITE, WRITE, "reset_link_withdraw")                  \
    X(RESET_PREPARE, WRITE, WRITE, 2,                                                              \
      "SELECT authd.manage('reset_words', $1::jsonb, $2::jsonb)"                                   \
      " || jsonb_build_object('cipher_version', authd.credential_id())")                           \
    MANAGE_STATEMENT(X, RESET_USE, WRITE, WRITE, "reset_use")                                      \
    MANAGE_STATEMENT(X, SESSION_REVOKE, WRITE, WRITE, "session_revoke")                            \
    MANAGE_STATEMENT(X, DOMAIN_ADD, WRITE, WRITE, "domain_add")                                    \
    MANAGE_STATEMENT(X, DOMAIN_SET, WRITE, WRITE, "domain_set")                                    \
    MANAGE_STATEMENT(X, DOMAIN_DELETE, WRITE, WRITE, "domain_delete")                              \
    MANAGE_STATEMENT(X, DOMAIN_REVOKE_ALL, WRITE, WRITE, "domain_revoke_all")                      \
    MANAGE_STATEMENT(X, CLASS_ADD, WRITE, WRITE, "class_add")                                      \
    MANAGE_STATEMENT(X, CLASS_SET, WRITE, WRITE, "class_set")                                      \
    MANAGE_STATEMENT(X, CLASS_DELETE, WRITE, WRITE, "class_delete")                                \
    MANAGE_STATEMENT(X, API_KEY_ADD, WRITE, WRITE, "api_key_add")                                  \
    MANAGE_STATEMENT(X, API_KEY_SET, WRITE, WRITE, "api_key_set")                                  \
    MANAGE_STATEMENT(X, API_KEY_REVOKE, WRITE, WRITE, "api_key_revoke")                            \
    MANAGE_STATEMENT(X, USER_EXPORT, SLOW, READ, "user_export")                                    \
    MANAGE_STATEMENT(X, SESSION_LIST, SLOW, READ, "session_list")                                  \
    MANAGE_STATEMENT(X, DOMAIN_LIST, SLOW, READ, "domain_list")                                    \
    MANAGE_STATEMENT(X, DOMAIN_SHOW, SLOW, READ, "domain_show")                                    \
    MANAGE_STATEMENT(X, CLASS_LIST, SLOW, READ, "class_list")                                      \
    MANAGE_STATEMENT(X, CLASS_SHOW, SLOW, READ, "class_show")                                      \
    MANAGE_STATEMENT(X, API_KEY_LIST, SLOW, READ, "api_key_list")                                  \
    MANAGE_STATEMENT(X, API_KEY_SHOW, SLOW, READ, "api_key_show")                                  \
    X(SESSION_ADD, WRITE, WRITE, 7,                                                                \
      "SELECT authd.session_add($1::bigint, $2::bigint, $3, $4, $5, $6, $7::boolean)")             \
    X(SESSION_TOUCH, WRITE, WRITE, 1, "SELECT authd.session_touch($1)")                            \
    X(SESSION_END, WRITE, WRITE, 1, "SELECT authd.session_end($1)")                                \
    X(CREDENTIAL_ID, WRITE, WRITE, 0, "SELECT authd.credential_id()")                              \
    X(API_KEY_BY_SELECTOR, READ, READ, 1, "SELECT * FROM authd.api_key_by_selector($1)")           \
    X(API_KEY_USED, SLOW, WRITE, 2, "SELECT authd.api_key_used($1::bigint, $2)")                   \
    MANAGE_STATEMENT(X, KEY_LIST, SLOW, READ, "key_list")                                          \
    MANAGE_STATEMENT(X, KEY_ROTATE, WRITE, WRITE, "key_rotate")                                    \
    X(KEY_STATE, READ, READ, 1, "SELECT * FROM authd.key_state($1::text[])")                       \
    X(KEY_FORGET, SLOW, WRITE, 2, "SELECT authd.key_forget($1::text[], $2::jsonb)")                \
    X(CIPHERTEXTS_STALE, SLOW, READ, 4,                                                            \
      "SELECT * FROM authd.ciphertexts_stale($1, $2, $3::bigint, $4::int)")                        \
    X(CIPHERTEXTS_REPLACE, SLOW, WRITE, 4,                                                         \
      "SELECT authd.ciphertexts_replace($1, $2::bigint[], $3::text[], $4::text[])")                \
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
