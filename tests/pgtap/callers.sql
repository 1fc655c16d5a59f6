-- Callers: the holder of a credential, the holder's reach, and that only authd.manage() decides about it.
BEGIN;
SET search_path = tap, pg_catalog;
SELECT no_plan();

CREATE OR REPLACE FUNCTION authd.now() RETURNS timestamptz LANGUAGE sql STABLE
RETURN pg_catalog.current_setting('tap.now')::timestamptz;
SELECT clock('2026-03-01 12:00:00+00');

SELECT ask('user_add', jsonb_build_object('login', role || '@mine.example', 'role', role,
                                          'password_hash', '$x$1'))
  FROM unnest(ARRAY['user', 'helpdesk', 'domain-admin', 'auditor', 'admin']) AS role;
SELECT ask('user_add', '{"login": "other@mine.example"}');
SELECT ask('user_add', '{"login": "far@theirs.example"}');
SELECT ask('user_add', '{"login": "third@third.example"}');
CREATE TEMP TABLE signed AS
    SELECT role, signed_in(role || '@mine.example') AS credential
      FROM unnest(ARRAY['user', 'helpdesk', 'domain-admin', 'auditor', 'admin']) AS role;
INSERT INTO signed VALUES ('host', '{"kind": "host", "name": "root (uid 0)"}');
CREATE FUNCTION pg_temp.of(wanted text) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT credential FROM signed WHERE role = wanted $$;

-- the caller of a credential
SELECT results_eq($$ SELECT role, (authd.caller(credential) ->> 'rank')::int,
                            authd.caller(credential) ->> 'name' FROM signed ORDER BY 2 $$,
    $$ VALUES ('user', 0, 'user@mine.example'), ('helpdesk', 1, 'helpdesk@mine.example'),
              ('domain-admin', 2, 'domain-admin@mine.example'), ('auditor', 3, 'auditor@mine.example'),
              ('admin', 4, 'admin@mine.example'), ('host', 5, 'root (uid 0)') $$, 'role, rank and name');
SELECT is(authd.caller(pg_temp.of(role)) -> 'reach', expected, 'reach of ' || role) FROM (VALUES
    ('user', '[]'::jsonb), ('helpdesk', to_jsonb(ARRAY[domain_id('mine.example')])),
    ('domain-admin', to_jsonb(ARRAY[domain_id('mine.example')])), ('auditor', 'null'),
    ('admin', 'null'), ('host', 'null')) AS reach (role, expected);
SELECT is(authd.caller(credential), NULL, 'nobody: ' || credential::text) FROM unnest(ARRAY[
    '{}', '{"kind": "root"}', jsonb_build_object('kind', 'session', 'digest', repeat('0', 64)),
    '{"kind": "session"}', '{"kind": "api-key"}', '{"kind": "api-key", "id": 1}']::jsonb[]) AS credential;
SELECT is(authd.caller('{"kind": "none", "name": "x"}') - ARRAY['kind', 'name', 'account', 'login',
    'credential', 'session', 'rights', 'narrowed'],
    '{"role": null, "rank": 0, "fresh": false, "reach": [], "domains": []}',
    'none has no role and no reach');

-- the life of a session
CREATE FUNCTION pg_temp.lives(wanted text) RETURNS text LANGUAGE sql AS
    $$ SELECT coalesce(authd.caller(pg_temp.of(wanted)) ->> 'fresh', 'gone') $$;
SELECT is(pg_temp.lives('user'), 'true', 'fresh after signing in');
SELECT later('10 minutes');
SELECT is(pg_temp.lives('user'), 'false', 'not fresh after 10 minutes');
SELECT later('20 minutes');
SELECT is(pg_temp.lives('user'), 'gone', 'ended after 30 idle minutes');
SELECT ok(NOT authd.session_touch(pg_temp.of('user') ->> 'digest'), 'and cannot be used again');
SELECT clock('2026-03-01 12:29:00+00');
SELECT ok(authd.session_touch(credential ->> 'digest'), 'used: ' || role) FROM signed WHERE role <> 'host';
SELECT later('29 minutes');
SELECT is(pg_temp.lives('user'), 'false', 'using it keeps it');
SELECT later('31 minutes');
UPDATE authd.http_session SET last_seen_at = '2026-03-01 23:59:30+00';
SELECT clock('2026-03-01 23:59:59+00');
SELECT is(pg_temp.lives('user'), 'false', 'but not beyond');
SELECT clock('2026-03-02 00:00:00+00');
SELECT is(pg_temp.lives('user'), 'gone', '12 hours');
SELECT clock('2026-03-01 23:59:59+00');
SELECT is(authd.session_add(id_of('user@mine.example'), 0, repeat('a', 64), NULL, NULL, NULL, false), NULL,
    'nor does a session begin after one');
SELECT is(authd.session_add(0, 1, repeat('a', 64), NULL, NULL, NULL, false), NULL, 'or of nobody');
SELECT is(authd.session_add(id_of('user@mine.example'), version_of('user@mine.example'),
                            repeat('a', 64), '2001:db8::1', E'a\nb' || repeat('c', 300), 'recovery', false)
          - ARRAY['id', 'user_id', 'etag'],
    jsonb_build_object('kind', 'session', 'user', 'user@mine.example', 'domain', 'mine.example',
        'created_at', '2026-03-01T23:59:59Z', 'last_seen_at', '2026-03-01T23:59:59Z',
        'expires_at', '2026-03-02T11:59:59Z', 'fresh_until', '2026-03-02T00:09:59Z',
        'factor', 'recovery', 'must_enrol', false, 'client', '2001:db8::1', 'agent', 'a b' || repeat('c', 197)), 'the session object');
SELECT ok(authd.session_end(repeat('a', 64)), 'session_end');
SELECT ok(NOT authd.session_end(repeat('a', 64)), 'once');
SELECT authd.session_add(id_of('other@mine.example'), version_of('other@mine.example'),
                         encode(sha256(i::text::bytea), 'hex'), NULL, NULL, NULL, false)
  FROM generate_series(1, 60) AS i;
SELECT is((SELECT count(*)::int FROM authd.http_session WHERE account = id_of('other@mine.example')), 50,
    'sessions have a bound');
SELECT ok(EXISTS (SELECT FROM authd.http_session WHERE digest = sha256('60')), 'the newest stay');
SELECT clock('2026-03-05 12:00:00+00');
SELECT signed_in('other@mine.example');
SELECT is((SELECT count(*)::int FROM authd.http_session), 1, 'signing in clears away what has ended');

SELECT clock('2026-03-01 12:00:00+00');
UPDATE signed SET credential = signed_in(role || '@mine.example') WHERE role <> 'host';

-- callers who were suspended, or got another role or more domains
SELECT ask('user_set', '{"user": "helpdesk@mine.example", "changes": {"domains": ["theirs.example"]}}');
SELECT is(authd.caller(pg_temp.of('helpdesk')), NULL, 'more reach ends the session');
UPDATE signed SET credential = signed_in('helpdesk@mine.example') WHERE role = 'helpdesk';
SELECT is(authd.caller(pg_temp.of('helpdesk')) -> 'reach',
    to_jsonb(ARRAY[domain_id('mine.example'), domain_id('theirs.example')]), 'administered domains count');
SELECT is(authd.caller(pg_temp.of('helpdesk')) -> 'domains', '["mine.example", "theirs.example"]', 'by name');
SELECT is(verdict(pg_temp.of('helpdesk'), 'user_show', '{"user": "far@theirs.example"}'), 'allowed',
    'and are reached');
SELECT is(verdict(pg_temp.of('helpdesk'), 'user_show', '{"user": "third@third.example"}'), 'AU404',
    'others are not');
SELECT ask('user_set', '{"user": "helpdesk@mine.example", "changes": {"domains": null}}');
SELECT is(verdict(pg_temp.of('helpdesk'), 'user_show', '{"user": "far@theirs.example"}'), 'AU404',
    'until they are taken away');
CREATE TEMP TABLE seen AS SELECT context(pg_temp.of('domain-admin')) AS context;
SELECT ask('user_set', '{"user": "domain-admin@mine.example", "changes": {"role": "helpdesk"}}');
SELECT throws_ok($$ SELECT authd.manage('user_list', context, '{}') FROM seen $$, 'AU401',
    'the sign-in has ended, or its rights have changed', 'a changed role is asked for anew');
SELECT ask('user_set', '{"user": "domain-admin@mine.example", "changes": {"role": "domain-admin"}}');
SELECT is(authd.caller(pg_temp.of('domain-admin')), NULL, 'a raise ends the session');
UPDATE signed SET credential = signed_in('domain-admin@mine.example') WHERE role = 'domain-admin';
DELETE FROM seen;
INSERT INTO seen SELECT context(pg_temp.of('domain-admin'));
SELECT ask('user_set', '{"user": "domain-admin@mine.example", "changes": {"role": "domain-admin"}}');
SELECT lives_ok($$ SELECT authd.manage('user_list', context, '{}') FROM seen $$, 'the same role is not');
SELECT ask('user_suspend', '{"user": "domain-admin@mine.example"}');
SELECT throws_ok($$ SELECT authd.manage('user_list', context, '{}') FROM seen $$, 'AU401', NULL,
    'who is suspended acts no more');
SELECT ask('user_resume', '{"user": "domain-admin@mine.example"}');
SELECT throws_ok($$ SELECT authd.manage('user_list', context, '{}') FROM seen $$, 'AU401', NULL,
    'nor by the old session');
UPDATE signed SET credential = signed_in(role || '@mine.example') WHERE role = 'domain-admin';
UPDATE authd.account SET suspended = true, suspended_at = authd.now() WHERE login = 'user@mine.example';
SELECT is(authd.caller(pg_temp.of('user')), NULL, 'a suspended user is nobody, even with a session');
UPDATE authd.account SET suspended = false, suspended_at = NULL WHERE login = 'user@mine.example';

-- authd.manage() calls listed operations only
SELECT is(verdict(pg_temp.of('host'), operation, '{}'), 'P0001', 'no operation: ' || operation)
  FROM unnest(ARRAY['password_replace', 'manage', 'account_find', 'user_show()', '', 'USER_SHOW']) AS operation;
SELECT throws_ok($$ SELECT authd.manage(NULL, context(), '{}') $$, 'P0001', NULL, 'nor none');
SELECT is(verdict('{"kind": "none", "name": "x"}', operation, '{}'), expected, 'none: ' || operation)
  FROM (VALUES ('user_list', 'AU401'), ('user_show', 'AU401'), ('password_set', 'AU401'),
               ('reset_use', 'AU422'), ('reset_words', 'AU422')) AS tried (operation, expected);
SELECT is((SELECT array_agg(operation ORDER BY operation) FROM unnest(authd.operations()) AS operation
            WHERE to_regprocedure(format('authd.%I(jsonb, bigint[], jsonb)', operation)) IS NULL
              AND operation !~ '^(app_password|scope|activity|audit|import|totp|recovery_codes)_'), NULL,
    'every operation of users, domains, classes, sessions and API keys is there');

-- the user of a call: me, the caller's own login, another user
SELECT is(ask_as(pg_temp.of('user'), 'user_show', '{"user": "me"}') ->> 'login', 'user@mine.example', 'me');
SELECT is(refusal('user_show', '{"user": "me"}'),
    'AU404 the caller is tester, who has no account / Name the user by login or id.', 'the host is nobody');
SELECT is(verdict(pg_temp.of('user'), 'user_show', jsonb_build_object('user', who)), expected,
    'a user sees ' || who) FROM (VALUES ('user@mine.example', 'allowed'), ('other@mine.example', 'AU404'),
    ('far@theirs.example', 'AU404'), ('nobody@mine.example', 'AU404')) AS seen (who, expected);
SELECT is(ask_as(pg_temp.of('user'), 'user_list', '{}') -> 'items', '[]', 'and lists nobody');
SELECT is(verdict(pg_temp.of(caller), 'password_words', jsonb_build_object('user', who), '{"self": true}'), expected,
    format('%s asks for the names of %s', caller, who))
  FROM (VALUES ('domain-admin', 'helpdesk@mine.example', 'allowed'), ('domain-admin', 'me', 'allowed'),
               ('domain-admin', 'auditor@mine.example', 'AU403'), ('domain-admin', 'admin@mine.example', 'AU403'),
               ('domain-admin', 'far@theirs.example', 'AU404'), ('admin', 'admin@mine.example', 'allowed'),
               ('user', 'me', 'allowed')) AS asked (caller, who, expected);
SELECT is(refusal_as(pg_temp.of('auditor'), 'user_show', '{"user": "other@mine.example"}',
                     '{"self": true, "self_only": true}'),
    'AU403 other@mine.example is not you, and your role auditor may do this for yourself only / '
    'Ask an administrator.', 'what is allowed for oneself only');
SELECT is(verdict(pg_temp.of('auditor'), 'user_show', '{"user": "me"}', '{"self": true, "self_only": true}'),
    'allowed', 'is allowed for oneself');

-- a caller acts only on users with a role below the caller's own
CREATE TEMP TABLE acts (function text, more jsonb);
INSERT INTO acts VALUES ('user_suspend', '{}'), ('user_resume', '{}'), ('password_clear', '{}'),
    ('password_set', '{"password_hash": "$y$1"}'), ('user_delete', '{}'), ('user_revoke_all', '{}'),
    ('user_set', '{"changes": {"display_name": "x"}}'), ('address_add', '{"address": "x@mine.example"}'),
    ('address_remove', '{"address": "x@mine.example"}'), ('session_revoke', '{"id": "1"}'),
    ('reset_link_add', jsonb_build_object('digest', repeat('0', 64))),
    ('reset_link_withdraw', jsonb_build_object('digest', repeat('0', 64)));
SELECT ask('user_add', jsonb_build_object('login', 'second-' || role || '@mine.example', 'role', role,
           'recovery_address', 'r@home.example', 'addresses', '["x@mine.example", "y@mine.example"]'::jsonb))
  FROM unnest(ARRAY['user', 'helpdesk', 'domain-admin', 'auditor', 'admin']) AS role;
SELECT is(string_agg(DISTINCT verdict(signed.credential, function,
              jsonb_build_object('user', 'second-' || target || '@mine.example') || more), ' '),
    CASE WHEN authd.role_rank(target) >= authd.role_rank(signed.role) THEN 'AU403' ELSE 'AU404 allowed' END,
    format('%s on %s: every change', signed.role, target))
  FROM signed, acts, unnest(ARRAY['user', 'helpdesk', 'domain-admin', 'auditor', 'admin']) AS target
 WHERE signed.role <> 'user' GROUP BY signed.role, target
 ORDER BY 1;
SELECT is(string_agg(DISTINCT verdict(credential, 'user_set', jsonb_build_object(
              'user', 'other@mine.example', 'changes', jsonb_build_object('role', target))), ' '),
    CASE WHEN authd.role_rank(target) >= authd.role_rank(role) THEN 'AU403' ELSE 'allowed' END,
    format('%s grants %s', role, target))
  FROM signed, unnest(ARRAY['user', 'helpdesk', 'domain-admin', 'auditor', 'admin']) AS target
 WHERE role NOT IN ('user') GROUP BY role, target;
SELECT is(verdict(credential, 'user_add', jsonb_build_object('login', 'new@mine.example', 'role', role)),
    'AU403', role || ' adds no equal')
  FROM signed WHERE role IN ('domain-admin', 'admin');

-- the changes that callers may make to themselves
SELECT is(verdict(credential, function, jsonb_build_object('user', 'me') || more, '{"self": true}'),
    expected, format('%s: own %s %s', role, function, more))
  FROM signed, (VALUES
    ('user_set', '{"changes": {"display_name": "I"}}'::jsonb, 'allowed'),
    ('user_set', '{"changes": {"recovery_address": "i@home.example"}}', 'allowed'),
    ('user_set', '{"changes": {"role": "user"}}', 'AU403'),
    ('user_set', '{"changes": {"class": null}}', 'AU403'),
    ('user_set', '{"changes": {"login": "x@mine.example"}}', 'AU403'),
    ('user_set', '{"changes": {"domains": []}}', 'AU403'),
    ('password_set', '{"password_hash": "$y$1"}', 'allowed')) AS own (function, more, expected)
 WHERE role <> 'host';
SELECT is(verdict(credential, function, '{"user": "me"}'), 'AU403', format('%s: own %s', role, function))
  FROM signed, unnest(ARRAY['user_suspend', 'user_resume', 'user_delete', 'user_revoke_all',
                            'password_clear']) AS function
 WHERE role <> 'host';
SELECT is(refusal_as(pg_temp.of('user'), 'user_set', '{"user": "me", "changes": {"role": "admin"}}',
                     '{"self": true}'),
    'AU403 your own role is not yours to change / Ask somebody with a higher role.', 'and says so');

-- Idempotency-Key
CREATE TEMP TABLE kept AS
    SELECT ask_as(pg_temp.of('admin'), 'user_add', '{"login": "once@mine.example"}',
                  '{"idempotency": {"key": "k1", "digest": "d1"}}') AS answer;
SELECT is((SELECT answer ? 'replayed' FROM kept), false, 'the first answer is no replay');
SELECT is(ask_as(pg_temp.of('admin'), 'user_add', '{"login": "once@mine.example"}',
                 '{"idempotency": {"key": "k1", "digest": "d1"}}'),
    (SELECT answer || '{"replayed": true}' FROM kept), 'the second is the first, and says so');
SELECT is(refusal_as(pg_temp.of('admin'), 'user_add', '{"login": "twice@mine.example"}',
                     '{"idempotency": {"key": "k1", "digest": "d2"}}'),
    'AU422 the Idempotency-Key k1 was used for another request / '
    'Give each request a key of its own, and repeat only the very same request under it.',
    'another request under the same key');
SELECT is(verdict(pg_temp.of('domain-admin'), 'user_add', '{"login": "twice@mine.example"}',
                  '{"idempotency": {"key": "k1", "digest": "d2"}}'), 'allowed', 'a key is each caller''s own');
UPDATE signed SET credential = signed_in('admin@mine.example') WHERE role = 'admin';
SELECT is(ask_as(pg_temp.of('admin'), 'user_add', '{}', '{"idempotency": {"key": "k1", "digest": "d1"}}')
          -> 'replayed', 'true', 'and of all his sessions');
SELECT is(verdict(pg_temp.of('admin'), 'user_add', '{"login": "once@mine.example"}',
                  '{"idempotency": {"key": "k2", "digest": "d1"}}'), 'AU409', 'what failed is not kept');
SELECT is_empty($$ SELECT 1 FROM authd.idempotency WHERE key = 'k2' $$, 'at all');
INSERT INTO authd.idempotency (caller, key, digest, created_at)
    SELECT 'x', i::text, '', authd.now() - interval '1 hour' FROM generate_series(1, 150) AS i;
SELECT clock('2026-03-02 12:00:00+00');
UPDATE signed SET credential = signed_in('admin@mine.example') WHERE role = 'admin';
SELECT is(verdict(pg_temp.of('admin'), 'user_add', '{"login": "once@mine.example"}',
                  '{"idempotency": {"key": "k1", "digest": "d9"}}'), 'AU409', 'a day later the key is free');
SELECT ask_as(pg_temp.of('admin'), 'user_add', '{"login": "gone@mine.example"}',
              '{"idempotency": {"key": "k3", "digest": "d3"}}');
SELECT ask_as(pg_temp.of('admin'), 'user_list', '{}', '{"idempotency": {"key": "k4", "digest": "d4"}}');
SELECT is((SELECT string_agg(key, ' ' ORDER BY key) FROM authd.idempotency), 'k3 k4', 'and old answers go');
SELECT ask('user_delete', '{"user": "gone@mine.example"}');
SELECT is((SELECT string_agg(key, ' ') FROM authd.idempotency), 'k4', 'as do those about a deleted user');

-- If-Match
CREATE FUNCTION pg_temp.tagged(value text) RETURNS text LANGUAGE sql AS $$
    SELECT verdict('{"kind": "host", "name": "t"}', 'user_set',
                   '{"user": "other@mine.example", "changes": {"display_name": "tagged"}}',
                   jsonb_build_object('if_match', value))
$$;
CREATE TEMP TABLE tag AS SELECT ask('user_show', '{"user": "other@mine.example"}') ->> 'etag' AS etag;
SELECT is(pg_temp.tagged(replace(form, 'E', etag)), expected, 'If-Match ' || form) FROM tag, (VALUES
    ('"E"', 'allowed'), ('E', 'allowed'), ('*', 'allowed'), ('"x", "E"', 'allowed'), ('"x","E" ,"y"', 'allowed'),
    ('W/"E"', 'AU412'), ('"x"', 'AU412'), ('', 'AU412'), ('"E', 'allowed'), ('xE', 'AU412'), ('Ex', 'AU412'))
    AS forms (form, expected);
SELECT is(refusal_as('{"kind": "host", "name": "t"}', 'user_delete', '{"user": "other@mine.example"}',
                     '{"if_match": "\"0\""}'),
    'AU412 other@mine.example has changed since it was read / Read it again, then decide anew.', 'in words');
SELECT matches(etag, '^[0-9a-f]{32}$', 'an etag') FROM tag;
UPDATE authd.account SET last_login_at = authd.now() WHERE login = 'other@mine.example';
SELECT is(ask('user_show', '{"user": "other@mine.example"}') ->> 'etag', etag, 'signing in does not change it')
  FROM tag;
SELECT isnt(ask('address_add', '{"user": "other@mine.example", "address": "new@mine.example"}') ->> 'etag',
    etag, 'an address does') FROM tag;

-- every change is recorded, and a call without a change is not
CREATE FUNCTION pg_temp.records(function text, arguments jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    last bigint := (SELECT coalesce(max(id), 0) FROM authd.audit_event);
BEGIN
    PERFORM ask(function, arguments);
    RETURN (SELECT string_agg(action, ' ' ORDER BY id) FROM authd.audit_event WHERE id > last);
END
$$;
SELECT is(pg_temp.records(function, arguments::jsonb), expected, format('records %s: %s', function, expected))
  FROM (VALUES
    ('user_add', '{"login": "r@records.example"}', 'domain_add user_add'),
    ('user_show', '{"user": "r@records.example"}', NULL),
    ('user_list', '{}', NULL),
    ('user_set', '{"user": "r@records.example", "changes": {"display_name": "R"}}', 'user_set'),
    ('user_set', '{"user": "r@records.example", "changes": {"display_name": "R"}}', NULL),
    ('user_suspend', '{"user": "r@records.example"}', 'user_suspend'),
    ('user_suspend', '{"user": "r@records.example"}', NULL),
    ('user_resume', '{"user": "r@records.example"}', 'user_resume'),
    ('password_set', '{"user": "r@records.example", "password_hash": "$x$1"}', 'password_set'),
    ('user_revoke_all', '{"user": "r@records.example"}', 'user_revoke_all'),
    ('class_add', '{"name": "c"}', 'class_add'),
    ('domain_set', '{"domain": "records.example", "changes": {"description": "d"}}', 'domain_set'),
    ('domain_set', '{"domain": "records.example", "changes": {"description": "d"}}', NULL)
) AS changes (function, arguments, expected);
SELECT is_empty($$ SELECT 1 FROM authd.audit_event AS event WHERE event::text LIKE '%$x$1%' $$,
    'and holds no hash');
SELECT is((SELECT count(*)::int FROM authd.audit_event WHERE account = id_of('r@records.example')), 6,
    'by whom it concerns');

SELECT * FROM finish();
ROLLBACK;
