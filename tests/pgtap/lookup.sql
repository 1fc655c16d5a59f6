-- A single login is looked up by another plan than several logins at a time: both give the same rows.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT current_setting(''tap.now'')::timestamptz';
SELECT clock('2026-06-01 12:00:00Z');

-- Users in every state, in domains of every policy.
SELECT ask('domain_add', jsonb_build_object('name', name, 'second_factor', policy, 'second_factor_from', date))
  FROM (VALUES ('none.example', NULL, NULL), ('off.example', 'off', NULL), ('optional.example', 'optional', NULL),
               ('required.example', 'required', NULL), ('past.example', 'required', '2026-05-01'),
               ('coming.example', 'required', '2026-07-01'), ('idle.example', NULL, '2026-07-01'))
       AS domains (name, policy, date);
SELECT ask('class_add', '{"name": "plain"}'), ask('class_add', '{"name": "ruled"}');
CREATE TEMP TABLE users AS
    SELECT format('u%s@%s', n, domain.name) AS login, n FROM authd.domain, generate_series(1, 12) AS n;
SELECT ask('user_add', jsonb_strip_nulls(jsonb_build_object(
           'login', login, 'password_hash', CASE WHEN n <> 2 THEN '$a$1' END,
           'class', CASE WHEN n = 3 THEN 'plain' WHEN n IN (4, 9) THEN 'ruled' END,
           'role', CASE WHEN n = 5 THEN 'helpdesk' END,
           'second_factor', CASE n WHEN 6 THEN 'off' WHEN 7 THEN 'optional' WHEN 8 THEN 'required' END)))
  FROM users;
SELECT ask('user_suspend', jsonb_build_object('user', login, 'reason', 'x')) FROM users WHERE n = 10;
INSERT INTO authd.totp (account, id, seed, algorithm, digits, last_step)
    SELECT id_of(login), authd.credential_id(), '$cipher$00000000$x', 'SHA256', 8, 100 FROM users WHERE n IN (8, 9, 11);

CREATE FUNCTION pg_temp.alone() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT (to_jsonb(row) - 'n')::text
      FROM users, authd.login_lookup(ARRAY[login], ARRAY['']) AS row ORDER BY 1
$$;
CREATE FUNCTION pg_temp.among_others() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT (to_jsonb(row) - 'n')::text
      FROM users, authd.login_lookup(ARRAY['nobody@none.example', users.login], ARRAY['', '']) AS row ORDER BY 1
$$;
SELECT is((SELECT count(*)::int FROM pg_temp.alone()), 84, 'each is found');
SELECT results_eq('SELECT pg_temp.alone()', 'SELECT pg_temp.among_others()', 'without scopes');
SELECT is_empty($$ SELECT * FROM authd.login_lookup(ARRAY['nobody@none.example'], ARRAY['']) $$, 'nobody');
SELECT results_eq($$ SELECT n FROM authd.login_lookup(ARRAY['u1@none.example'], ARRAY['']) $$, ARRAY[1], 'its place');

SELECT ask('scope_put', '{"level": "class", "class": "ruled", "scope": "{\"v\":1,\"max_size\":1}"}');
SELECT ask('scope_put', jsonb_build_object('level', 'user', 'user', login, 'scope', '{"v":1,"max_size":2}'))
  FROM users WHERE n IN (9, 12);
SELECT ask('scope_put', '{"level": "domain", "domain": "past.example", "scope":
    "{\"v\":1,\"time\":{\"tz\":\"Europe/Berlin\",\"windows\":[{\"days\":\"mon-fri\",\"from\":\"07:00\",\"to\":\"19:00\"}]}}"}');
SELECT results_eq('SELECT pg_temp.alone()', 'SELECT pg_temp.among_others()', 'with scopes');
SELECT ask('scope_put', '{"level": "site", "scope": "{\"v\":1,\"max_size\":3}"}');
SELECT results_eq('SELECT pg_temp.alone()', 'SELECT pg_temp.among_others()', 'and with one of the site');
SELECT is((SELECT count(DISTINCT one::jsonb ->> 'scopes')::int FROM pg_temp.alone() AS one), 8,
    'which were as many different words');

SELECT * FROM finish();
ROLLBACK;
