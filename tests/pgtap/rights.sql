-- The rights of the database roles, and the clock that decides.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE TEMP VIEW functions AS
    SELECT p.*, p.oid::regprocedure::text AS signature, pg_get_functiondef(p.oid) AS definition
      FROM pg_proc AS p WHERE pronamespace = 'authd'::regnamespace;

SELECT isnt_empty('SELECT 1 FROM functions', 'there are functions');
SELECT is_empty($$
    SELECT signature FROM functions, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl
     WHERE acl.grantee = 0 $$, 'no function is executable by PUBLIC');
SELECT is_empty($$ SELECT signature FROM functions WHERE proowner <> 'authd_owner'::regrole $$,
    'every function belongs to authd_owner');
SELECT is_empty($$
    SELECT signature FROM functions
     WHERE has_function_privilege('authd_service', oid, 'EXECUTE') AND NOT prosecdef $$,
    'what the service may call is SECURITY DEFINER');
SELECT is_empty($$
    SELECT signature FROM functions
     WHERE prosecdef AND NOT has_function_privilege('authd_service', oid, 'EXECUTE') $$,
    'what is SECURITY DEFINER is for the service');
SELECT is_empty($$
    SELECT signature FROM functions
     WHERE prosqlbody IS NULL -- the names in such a body were resolved when it was created
       AND proname NOT IN ('audit_micros', 'audit_digest', 'audit_text', 'audit_person_state')
       AND NOT coalesce(proconfig::text ~ 'search_path=pg_catalog,( authd,)? pg_temp', false) $$,
    'every function that looks names up, but those that are inlined, has a fixed search_path');
SELECT set_eq($$
    SELECT proname::text FROM functions WHERE has_function_privilege('authd_service', oid, 'EXECUTE')
    $$, ARRAY[
        'schema_version',
        'dry_run',
        'confirm',
        'password_upgrade',
        'caller',
        'manage',
        'credential_id',
        'session_add',
        'session_touch',
        'session_end',
        'api_key_by_selector',
        'api_key_used',
        'key_names',
        'key_state',
        'key_forget',
        'ciphertexts_stale',
        'ciphertexts_replace',
        'app_password_rekey',
        'api_key_rekey',
        'login_lookup',
        'imported_passwords',
        'login_confirm',
        'factor_take',
        'remembered_network_live',
        'remembered_network_use',
        'recovery_take',
        'app_password_used',
        'scope_document',
        'audit_logins',
        'audit_unsealed',
        'audit_seal_put',
        'audit_expire',
        'audit_prune',
        'audit_state',
        'audit_seals',
        'audit_rows',
        'audit_waiting',
        'audit_unlisted',
        'account_id',
        'notices_take',
        'notices_done',
        'notices_failed',
        'notices_undeliverable',
        'notices_expire'
    ], 'the service may call these functions only');
SELECT is_empty($$ SELECT signature FROM functions
                    WHERE prosecdef AND prolang <> (SELECT oid FROM pg_language
                                                     WHERE lanname = 'plpgsql') $$,
    'what the service calls is PL/pgSQL: its plans are kept');

SELECT is_empty($$ SELECT proname FROM functions GROUP BY proname HAVING count(*) > 1 $$,
    'a name is the name of one function');

-- The clock.
SELECT is_empty($$
    SELECT signature FROM functions
     WHERE proname <> 'now'
       AND replace(definition, 'authd.now()', '') ~* ('\m(now|current_timestamp|clock_timestamp'
           '|transaction_timestamp|statement_timestamp|localtimestamp|localtime|current_date'
           '|current_time|timeofday)\M') $$,
    'no function asks for the time but by authd.now()');
SELECT is_empty($$
    SELECT attribute.attname FROM pg_attrdef JOIN pg_attribute AS attribute
            ON attrelid = adrelid AND attnum = adnum
      JOIN pg_class ON pg_class.oid = adrelid
     WHERE relnamespace = 'authd'::regnamespace AND atttypid = 'timestamptz'::regtype
       AND pg_get_expr(adbin, adrelid) <> 'authd.now()' $$,
    'no default asks for the time but by authd.now()');

-- The service role.
SELECT is(as_service('SELECT authd.confirm(1, 1)'), 'allowed', 'the service may call its functions');
SELECT is(as_service(format(sql, relname)), '42501', 'refused: ' || format(sql, relname))
  FROM pg_class, unnest(ARRAY['SELECT * FROM authd.%I', 'INSERT INTO authd.%I DEFAULT VALUES',
                              'DELETE FROM authd.%I', 'TRUNCATE authd.%I']) AS sql
 WHERE relnamespace = 'authd'::regnamespace AND relkind = 'r';
SELECT cmp_ok((SELECT count(*)::int FROM pg_class
                WHERE relnamespace = 'authd'::regnamespace AND relkind = 'r'), '>=', 12,
    'those are all tables');
SELECT is(as_service(sql), '42501', 'refused: ' || sql) FROM unnest(ARRAY[
    'UPDATE authd.account SET password = NULL',
    'CREATE TABLE authd.extra ()',
    'CREATE TABLE public.extra ()',
    'CREATE TEMP TABLE extra ()',
    'CREATE SCHEMA extra',
    'DROP FUNCTION authd.now()',
    'COPY authd.account TO PROGRAM ''cat''',
    'COPY authd.account FROM ''/dev/null''',
    'SELECT pg_read_file(''/etc/passwd'')',
    'SET ROLE authd_owner',
    'SELECT nextval(''authd.account_id_seq'')',
    'SELECT authd.now()',
    'SELECT authd.password_replace(1, NULL)',
    'SELECT authd.account_find(''{}'', NULL, ''{}'')',
    'SELECT authd.user_list(''{}'', NULL, ''{}'')',
    'ALTER ROLE authd_service SUPERUSER',
    'SET log_parameter_max_length = -1'
]) AS sql;

-- Functions that are added later are closed as well.
SET LOCAL ROLE authd_owner;
CREATE FUNCTION authd.later() RETURNS int LANGUAGE sql RETURN 1;
RESET ROLE;
SELECT ok(NOT has_function_privilege('authd_service', 'authd.later()', 'EXECUTE'),
    'a new function is nobody''s until it is granted');

SELECT set_has($$
    SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = 'authd_service'::regrole $$,
    $$ VALUES ('log_parameter_max_length=0'), ('log_parameter_max_length_on_error=0'),
              ('log_error_verbosity=terse'), ('search_path=""') $$,
    'the service role logs no values and has no search_path');
SELECT is((SELECT to_jsonb(version) FROM authd.schema_version() AS version),
    (SELECT jsonb_build_object('migration', migration, 'function_set', function_set,
                               'oldest_compatible', oldest_compatible) FROM authd.schema_info), 'schema_version');
SELECT throws_ok('SELECT authd.dry_run()', 'AU000', 'dry run: nothing was changed', 'dry_run');

SELECT * FROM finish();
ROLLBACK;
